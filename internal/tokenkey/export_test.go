package tokenkey

// NewAES and NewSHA256 are the two kinds of Makers, whatever the machine.
var NewAES, NewSHA256 = newAES, newSHA256
