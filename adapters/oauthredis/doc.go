// Package oauthredis has the replicas of a service share through Redis what each of them would otherwise know alone:
// revocations ([Stream]), used DPoP proofs ([Replays]), and answers of an introspection endpoint ([Answers]).
//
// It needs Redis 7.0 or later and a client of go-redis: for one server, for Sentinel or for a Cluster, with
// ContextTimeoutEnabled. Without that option go-redis ignores deadlines, and a broken connection would be noticed too late.
// The client is the caller's, who closes it last. A Stream occupies one of its connections nearly all the time. Transactions
// of a Stream have a pool of their own in go-redis, so count on PoolSize and PipelinePoolSize, 10 for each processor and 10
// by default. go-redis itself writes addresses to the standard error when it cannot connect; logging.Disable of go-redis
// ends that.
//
// # Revocations
//
// No request waits for Redis. Every replica holds the whole deny-list, tails the stream that List.Revoke appends to, and
// reads it from the beginning when it starts. One that was cut off goes on where it stopped:
//
//	what happens                              what a replica does
//	Redis cannot be reached                   refuses what it knows; Revoke returns ErrNotShared; after StaleAfter, Ready says so
//	a connection is half open                 notices within seconds, and takes another one
//	Redis was restarted, or failed over       goes on, and reads again from the beginning if its last record is missing
//	records were removed before it read them  counts as incomplete until they would not matter any more
//	the stream was deleted, Redis emptied     the same: nobody can know what was there
//	a record is of a newer version            the same: the counter Unreadable and a line at level Error tell
//
// With StreamConfig.FailClosed a replica that is not connected for longer than StaleAfter, or incomplete, answers 503 to
// tokens that it does not know to be revoked. Being incomplete ends with StreamState.MissedUntil, or with the process: a
// replica that starts believes what it finds. What was removed from the stream is unknown to it, and it cannot tell. Nor can
// one that has not read a record yet tell an empty stream from one that was emptied.
//
// Records are removed once they are older than the longest List.Retention among the replicas, by the clock of Redis or of the
// replica that publishes next, whichever is behind. Where it is negative, nothing is ever removed. Replicas tell each other by
// a second key, Key with ":retention" behind it.
//
// # What Redis must do
//
// Run it with maxmemory-policy noeviction, so that it refuses rather than forgets, and with appendonly. With appendfsync
// always, a revocation that was acknowledged survives a crash of Redis and of its machine; with everysec, the last second
// may be lost, and no replica that was connected loses it.
//
// A failover loses what the new master had not got. Replicas that had read it go on refusing; those that start later do
// not know. StreamConfig.WaitReplicas has Revoke wait until that many replicas of Redis have it, so that it survives if one
// of them is chosen; min-replicas-to-write keeps a master that is cut off from accepting more. Used proofs that are lost
// in a failover can be used again for as long as they are good.
//
// Commands used: ROLE, TIME, EXISTS, XADD, XRANGE, XREAD, XINFO STREAM, XTRIM, MULTI and EXEC by a Stream, with WATCH,
// UNWATCH and WAIT for WaitReplicas, and GET and SET; SET by Replays; GET, SET and DEL by Answers.
//
// # What Redis learns
//
// Never a token. A record of the stream has the SHA-256 of one, or the names that were revoked: issuer, jti, session, subject,
// client. A proof is the SHA-256 of its key and jti. An answer is encrypted with a key that Redis does not have. Who
// reads the stream learns who was revoked; who writes to it can revoke anything, or fill the list, but make no token good
// except by removing records; who removes proofs can use them again. So require a password and TLS, and let nobody else in.
//
// The one thing to get right is the persistence of Redis: a revocation is remembered by whoever starts next only there.
package oauthredis
