package playground

// A choice is one of the things that the page lets people pick.
type choice struct{ ID, Label, Hint string }

// route is a route of the API.
type route struct {
	choice
	method, path string
	body         string
	needs        string // scope, empty for none
}

var routes = []route{
	{choice{"read", "Read orders", "GET /orders needs orders:read"}, "GET", "/orders", "", "orders:read"},
	{choice{"write", "Place an order", "POST /orders needs orders:write"}, "POST", "/orders", `{"item":"1 hammer"}`, "orders:write"},
	{choice{"public", "See the catalogue", "GET /catalogue is open to all"}, "GET", "/catalogue", "", ""},
}

// credentials is what a client puts into a request.
type credentials struct {
	scheme, token string // no Authorization field without a token
	proof         bool
}

// kind is a kind of token.
type kind struct {
	choice
	mint func(*issuer) (credentials, error)
}

var kinds = []kind{
	{choice{"good", "Good", "grants orders:read and orders:write"}, (*issuer).good},
	{choice{"wrong-scope", "Wrong scope", "valid, but grants profile only"}, (*issuer).wrongScope},
	{choice{"expired", "Expired", "ended a minute ago"}, (*issuer).expired},
	{choice{"other-audience", "Other audience", "meant for another API"}, (*issuer).otherAudience},
	{choice{"revoked", "Revoked", "taken back before its time"}, (*issuer).revoked},
	{choice{"old-key", "Key before rotation", "signed, then the issuer rotated"}, (*issuer).oldKey},
	{choice{"new-key", "Key after rotation", "signed by the key that came new"}, (*issuer).newKey},
	{choice{"dpop", "DPoP, with proof", "bound to a key, the right proof"}, (*issuer).proven},
	{choice{"dpop-as-bearer", "DPoP, as bearer", "bound to a key, sent without"}, (*issuer).downgraded},
	{choice{"none", "None", "no Authorization field"}, (*issuer).none},
}
