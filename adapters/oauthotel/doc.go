// Package oauthotel shows what the kit does by OpenTelemetry: metrics of every decision and of all that decisions rely on,
// and spans if wanted.
//
//	telemetry, err := oauthotel.New(oauthotel.Config{})
//	guard, err := middleware.New(validator, middleware.Config{OnDecision: telemetry.OnDecision("")})
//	err = telemetry.WatchIssuers(validator)
//
// It uses the API of OpenTelemetry alone. Which SDK measures, and where to it exports, is the service's to say; without
// one, nothing is measured and hardly anything costs. Names and units follow the semantic conventions; the exporter for
// Prometheus writes bearergate.decision.duration as bearergate_decision_duration_seconds.
//
// # Metrics
//
//	name                                    unit        attributes
//	bearergate.decisions                    {decision}  guard, outcome, scheme, error.type, http.response.status_code
//	bearergate.decision.duration            s           guard, outcome
//	bearergate.key_set.state                {key_set}   source, state
//	bearergate.key_set.fetch.failing        {key_set}   source
//	bearergate.key_set.fetches              {fetch}     source, outcome
//	bearergate.key_set.fetch.time           s           source
//	bearergate.key_set.fetch.withheld       {token}     source
//	bearergate.key_set.verified_tokens      {token}     source
//	bearergate.key_set.size                 {key}       source
//	bearergate.key_set.skipped              {key}       source
//	bearergate.key_set.age                  s           source
//	bearergate.key_set.remaining            s           source
//	bearergate.issuer.count                 {issuer}    source, state
//	bearergate.issuer.fetch.failing         {issuer}    source
//	bearergate.issuer.lookups               {lookup}    source, outcome
//	bearergate.introspection.calls          {call}      source, outcome
//	bearergate.introspection.active_calls   {call}      source
//	bearergate.introspection.queued_calls   {call}      source
//	bearergate.introspection.failing        {endpoint}  source
//	bearergate.introspection.breaker.state  {breaker}   source, state
//	bearergate.introspection.cache.hits     {hit}       source, cache.kind
//	bearergate.introspection.cache.usage    {entry}     source, cache.kind
//	bearergate.revocation.list.usage        {entry}     source
//	bearergate.revocation.list.limit        {entry}     source
//	bearergate.revocation.watch.count       {request}   source
//	bearergate.revocation.stream.state      {stream}    source, state
//	bearergate.revocation.stream.staleness  s           source
//	bearergate.revocation.stream.lag        s           source
//	bearergate.revocation.stream.records    {record}    source, outcome
//	bearergate.status_list.count            {list}      source, state
//	bearergate.status_list.fetch.failing    {list}      source
//	bearergate.event.tokens                 {token}     source, outcome
//	bearergate.event.failing                {receiver}  source
//	bearergate.event.stream.state           {stream}    source, state
//	bearergate.event.poll.staleness         s           source
//	bearergate.event.poll.failing           {poller}    source
//	bearergate.event.poll.unacknowledged    {token}     source
//	bearergate.store.calls                  {call}      source, outcome
//	bearergate.store.failing                {store}     source
//	bearergate.dpop.replays.usage           {proof}     source
//	bearergate.dpop.replays.limit           {proof}     source
//	bearergate.mtls.ignored_certificates    {request}   source
//
// Attributes without a dot, and cache.kind, begin with "bearergate.". The outcome of a decision is allowed, refused (the
// client's fault) or failed (ours, a 5xx). A decision that is not allowed has its middleware.Reason as error.type, and the
// status of the answer. The scheme is Bearer or DPoP, _OTHER for that of a binding of somebody else; it is left out where
// the request used none, or several, and where the outcome is failed. Metrics called state are 1 for the state that holds and 0 for the others.
//
// No attribute has anything that a request said: neither subject nor client, issuer of a token, path or token. Its values
// come from the configuration, or there is a fixed number of them. The reasons are those of the Validators: one of your own
// must not make them of what it was asked about. It gets 200 of them, and _OTHER for the rest.
//
// # Cost
//
// A decision costs a fraction of a microsecond and no allocation; with spans, what a span costs in the SDK of your choice.
// Watching costs nothing until metrics are collected, and then no I/O.
//
// The one thing to get right is to watch everything that decisions rely on: what is not watched is not missed by any alert.
package oauthotel
