package jwks

// Lifetime is for the fuzz target, which reaches it a hundred times as often as through a fetch.
var Lifetime = lifetime
