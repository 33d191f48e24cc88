package sections

import (
	"context"

	"github.com/bearergate/bearergate/internal/bench/measure"
	"github.com/bearergate/bearergate/internal/bench/peers"
	"github.com/bearergate/bearergate/internal/bench/report"
	"github.com/bearergate/bearergate/internal/bench/tokens"
	"github.com/bearergate/bearergate/jwks"
)

// validating is a case that takes the tokens of a list in turn, all of which have to be good.
func (b *bench) validating(name string, list []string, validate peers.Validate) measure.Case {
	return measure.Case{Name: name, Worker: measure.Each(len(list), func(i int) error { return validate(b, list[i]) })}
}

func validatorOf(v *jwks.Validator) peers.Validate {
	return func(ctx context.Context, token string) error {
		_, err := v.Validate(ctx, token)
		return err
	}
}

// peersOf are the cases of the peers that know alg.
func (b *bench) peersOf(alg string, list []string) ([]measure.Case, error) {
	var cases []measure.Case
	for _, peer := range peers.All {
		validate, err := b.peer(peer, alg)
		if err != nil {
			return nil, err
		}
		if validate != nil {
			c := b.validating(peer.Name, list, validate)
			c.Peer, c.Lacks = true, peer.Lacks
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// peer sets a peer up, or returns nil if it does not know alg.
func (b *bench) peer(peer peers.Peer, alg string) (peers.Validate, error) {
	for _, known := range peer.Algorithms {
		if known == alg {
			return peer.New(b, peers.SourceOf(b.issuer, alg))
		}
	}
	return nil, nil
}

// cold compares candidates on tokens that they have not seen.
func cold(b *bench) error {
	for _, alg := range append(append([]string(nil), tokens.Asymmetric...), tokens.HS256) {
		list, err := b.tokens(alg, b.Tokens)
		if err != nil {
			return err
		}
		cases, err := b.raw(alg, list)
		if err != nil {
			return err
		}
		kit, err := b.kit(alg, peers.NoCache)
		if err != nil {
			return err
		}
		defer kit.Close()
		cases = append(cases, b.validating(report.Kit, list, validatorOf(kit)))
		others, err := b.peersOf(alg, list)
		if err != nil {
			return err
		}
		if err := b.compare(report.New(alg), "", append(cases, others...)); err != nil {
			return err
		}
	}
	return nil
}

// refused compares what candidates take to refuse a token.
func refused(b *bench) error {
	kinds := []struct {
		name string
		v    tokens.Variant
		text func() []string
	}{
		{name: report.NotAJWT, text: func() []string { return []string{"2YotnFZFEjr1zCsicMWpAA-2YotnFZFEjr1zCsicMWpAA"} }},
		{name: "8 KB of garbage", text: garbage},
		{name: report.UnknownKey, v: tokens.Variant{KeyID: "another-key"}},
		{name: "bad signature", v: tokens.Variant{Tampered: true}},
		{name: "expired", v: tokens.Variant{Expired: true}},
	}
	for _, kind := range kinds {
		var list []string
		var err error
		if kind.text != nil {
			list = kind.text()
		} else if list, err = b.issuer.Mint(tokens.RS256, min(b.Tokens, 256), seed, kind.v); err != nil {
			return err
		}
		if err := b.refuse(kind.name, list); err != nil {
			return err
		}
	}
	return nil
}

// refuse compares the candidates on tokens that all of them have to refuse. Each has its keys already.
func (b *bench) refuse(name string, list []string) error {
	good, err := b.tokens(tokens.RS256, 1)
	if err != nil {
		return err
	}
	kit, err := b.kit(tokens.RS256, 0)
	if err != nil {
		return err
	}
	defer kit.Close()
	cases := []measure.Case{b.refusing(report.Kit, list, validatorOf(kit))}
	if err := validatorOf(kit)(b, good[0]); err != nil {
		return err
	}
	for _, peer := range peers.All {
		validate, err := b.peer(peer, tokens.RS256)
		if err != nil {
			return err
		}
		if err := validate(b, good[0]); err != nil {
			return err
		}
		c := b.refusing(peer.Name, list, validate)
		c.Peer, c.Lacks = true, peer.Lacks
		cases = append(cases, c)
	}
	return b.compare(name, "", cases)
}

func (b *bench) refusing(name string, list []string, validate peers.Validate) measure.Case {
	return measure.Case{Name: name, Worker: measure.Each(len(list), func(i int) error {
		return must(validate(b, list[i]) != nil)
	})}
}

// garbage has the form of a JWT.
func garbage() []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	list := make([]string, 16)
	for k := range list {
		text := make([]byte, 8192)
		for i := range text {
			text[i] = alphabet[(i*31+i/7+k)%len(alphabet)]
		}
		text[2000], text[6000] = '.', '.'
		list[k] = string(text)
	}
	return list
}
