package jose

import "math/big"

// rocaPrimes are the odd primes that count for keys of every length. Of random moduli, one in 240 million has the
// residues of CVE-2017-15361 modulo all of them.
var rocaPrimes = []int64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// roca reports whether a modulus was made by a generator of CVE-2017-15361 ("ROCA"), that of many smart cards and TPMs.
// Its primes, and so their products, are powers of 65537 modulo each small prime, and are found from that.
func roca(n []byte) bool {
	modulus, residue := new(big.Int).SetBytes(n), new(big.Int)
	for _, p := range rocaPrimes {
		if !powerOf65537(residue.Mod(modulus, big.NewInt(p)).Int64(), p) {
			return false
		}
	}
	return true
}

// powerOf65537 reports whether a number is a power of 65537 modulo a small odd prime.
func powerOf65537(number, p int64) bool {
	for power := int64(1); ; {
		if power == number {
			return true
		}
		if power = power * 65537 % p; power == 1 {
			return false
		}
	}
}
