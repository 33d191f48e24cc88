package main

import (
	"context"

	"github.com/bearergate/bearergate/middleware"
)

// obstacle is something that the token fails at, and the situation in which it did.
type obstacle struct {
	outcome
	in situation
	// past is the change that lets the token past it, nil if nothing does.
	past *change
}

// change is a way past an obstacle.
type change struct {
	to situation
	// loosens says what a service gives up by it.
	loosens string
	// against says why no service should make it, "" if it may.
	against string
}

// walk judges the token, and then again and again as if what was wrong had been put right, until it is accepted or nothing
// helps. So every verdict is the kit's own, and all that is wrong is seen at once. The situation returned is the last one.
func (c *check) walk(ctx context.Context) ([]obstacle, situation) {
	var met []obstacle
	s := c.given
	for range maxObstacles {
		o := c.judge(ctx, s)
		if o.accepted() {
			return met, s
		}
		met = append(met, obstacle{o, s, c.wayPast(ctx, s, o)})
		past := met[len(met)-1].past
		if past == nil {
			return met, s
		}
		s = past.to
	}
	return met, s
}

// maxObstacles is more than there are steps.
const maxObstacles = 12

// overcome reports whether the token was accepted in the end.
func overcome(met []obstacle) bool { return len(met) == 0 || met[len(met)-1].past != nil }

// best returns the change under which the token gets furthest, the first of those that get equally far; nil if none gets
// past the obstacle.
func (c *check) best(ctx context.Context, from outcome, changes []change) *change {
	var best *change
	furthest := progress(from)
	for i := range changes {
		if far := progress(c.judge(ctx, changes[i].to)); far > furthest {
			best, furthest = &changes[i], far
		}
	}
	return best
}

// stage is a step of the decision. Their order is that of the kit.
type stage int

const (
	stageFound stage = iota
	stageParsed
	stageAlgorithm
	stageType
	stageKeyID // only whether there is one
	stageKind
	stageReadable
	stageIssuer
	stageClaims
	stageAudience
	stageTime
	stageKeys
	stageSignature
	stageBinding
	stageScope
	stageAccepted
)

var stages = map[middleware.Reason]stage{
	middleware.ReasonTokenTooLarge:       stageParsed,
	middleware.ReasonMalformedToken:      stageParsed,
	middleware.ReasonCriticalHeader:      stageParsed,
	middleware.ReasonAlgorithmNotAllowed: stageAlgorithm,
	middleware.ReasonWrongType:           stageType,
	middleware.ReasonNotAccessToken:      stageKind,
	middleware.ReasonMalformedClaim:      stageReadable,
	middleware.ReasonUntrustedIssuer:     stageIssuer,
	middleware.ReasonMissingClaim:        stageClaims,
	middleware.ReasonWrongAudience:       stageAudience,
	middleware.ReasonExpired:             stageTime,
	middleware.ReasonNotYetValid:         stageTime,
	middleware.ReasonKeysUnavailable:     stageKeys,
	middleware.ReasonUnknownKey:          stageKeys,
	middleware.ReasonBadSignature:        stageSignature,
	middleware.ReasonUnverifiedBinding:   stageBinding,
	middleware.ReasonInsufficientScope:   stageScope,
}

// progress returns how far a token got. What has no stage of its own did not get anywhere.
func progress(o outcome) stage {
	switch {
	case o.accepted():
		return stageAccepted
	case o.reason == middleware.ReasonUnknownKey && o.cause == errNoKeyID:
		return stageKeyID
	}
	return stages[o.reason]
}

// errNoKeyID is how package jwks tells a token that names no key from one whose key is unknown.
const errNoKeyID = "the token names no key"
