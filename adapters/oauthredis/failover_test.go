package oauthredis_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bearergate/bearergate/adapters/oauthredis"
	"github.com/bearergate/bearergate/revocation"
)

// startPair starts a master and a replica of it that is in step.
func startPair(t *testing.T) (master, follower *server, port string) {
	t.Helper()
	port = freePort(t)
	master = startRedis(t, "--port", port, "--repl-diskless-sync-delay", "0")
	follower = startRedis(t, "--port", freePort(t))
	do(t, follower.client(), "REPLICAOF", "127.0.0.1", port)
	eventually(t, "the replica is in step", func() bool { return do(t, master.client(), "WAIT", 1, 100) == int64(1) })
	return master, follower, port
}

// A master is lost together with revocations that its replica had not got. Those who knew them go on refusing; what the new
// master gets arrives, even under IDs that are lower than those which were lost.
func TestFailoverLoss(t *testing.T) {
	t.Parallel()
	master, follower, _ := startPair(t)
	p := newProxy(t, master)
	strict := settings{stream: oauthredis.StreamConfig{FailClosed: true}}
	replicas := []*replica{newReplica(t, newClient(t, p.options()), strict), newReplica(t, newClient(t, p.options()), strict)}
	ready(t, replicas...)
	replicas[0].revoke("kept")
	eventually(t, "it is replicated", func() bool { return do(t, follower.client(), "XLEN", defaultKey) == int64(1) })
	kept := lastID(t, follower.client())
	do(t, follower.client(), "REPLICAOF", "NO", "ONE")
	for _, token := range []string{"lost-0", "lost-1", "lost-2"} {
		replicas[0].revoke(token)
	}
	replicas[1].learns("lost-2")
	ms, _, _ := strings.Cut(kept, "-")
	rawAdd(t, follower.client(), ms+"-7", "record", recordOf("low", time.Now()))
	p.cut()
	master.kill()
	p.heal(follower)
	for _, r := range replicas {
		r.learns("low")
	}
	replicas[0].revoke("afterwards")
	for _, r := range replicas {
		r.learns("afterwards")
		r.catchesUp()
		for _, token := range []string{"kept", "lost-0", "lost-1", "lost-2"} {
			r.want(token, "revoked")
		}
		r.want("other", "good")
	}
}

// A master that was made a replica, and is left alone by its new master, is not believed to be up to date. The client finds
// the right one under the same address.
func TestFailoverDemoted(t *testing.T) {
	t.Parallel()
	old, successor := startRedis(t), startRedis(t)
	p := newProxy(t, old)
	r := newReplica(t, newClient(t, p.options()), settings{})
	ready(t, r)
	p.heal(successor) // connections that exist stay with the old one
	do(t, old.client(), "REPLICAOF", "127.0.0.1", "1")
	rawAdd(t, successor.client(), "*", "record", recordOf("a", time.Now()))
	r.learns("a")
}

// As long as there is nothing but a replica of Redis, there is no contact.
func TestFailoverReplicaOnly(t *testing.T) {
	t.Parallel()
	_, follower, _ := startPair(t)
	r := newReplica(t, follower.client(), settings{stream: oauthredis.StreamConfig{FailClosed: true}})
	eventually(t, "the fault shows", func() bool { return r.stream.State().Err != nil })
	if err := r.stream.State().Err; !strings.Contains(err.Error(), "is a replica") {
		t.Errorf("got %v", err)
	}
	r.want("a", "unavailable")
}

// With WaitReplicas, what is acknowledged has reached the replicas of Redis.
func TestWaitReplicas(t *testing.T) {
	t.Parallel()
	master, follower, _ := startPair(t)
	with := func(timeout time.Duration) settings {
		return settings{stream: oauthredis.StreamConfig{WaitReplicas: 1, Timeout: timeout}}
	}
	here, there := newReplica(t, master.client(), with(patience)), newReplica(t, master.client(), with(2*time.Second))
	ready(t, here, there)
	here.revoke("a")
	if n := do(t, follower.client(), "XLEN", defaultKey); n != int64(1) {
		t.Errorf("%d records at the replica of Redis", n)
	}
	follower.kill()
	err := there.Revoke(t.Context(), revocation.Revocation{Token: "b"})
	if !errors.Is(err, revocation.ErrNotShared) || !strings.Contains(err.Error(), "too few replicas") {
		t.Errorf("without a replica: %v", err)
	}
	there.want("b", "revoked")
	here.learns("b")
}

// Sentinel makes another server the master: the same client goes on there.
func TestSentinel(t *testing.T) {
	t.Parallel()
	master, _, port := startPair(t)
	sentinelPort := freePort(t)
	sentinel := startSentinel(t, port, sentinelPort)
	client := func() redis.UniversalClient {
		c := redis.NewUniversalClient(&redis.UniversalOptions{
			MasterName: "bearergate", Addrs: []string{"127.0.0.1:" + sentinelPort}, ContextTimeoutEnabled: true,
		})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	here, there := newReplica(t, client(), settings{}), newReplica(t, client(), settings{})
	ready(t, here, there)
	here.revoke("before")
	there.learns("before")
	eventually(t, "Sentinel knows the replica", func() bool {
		known, err := sentinel.Replicas(t.Context(), "bearergate").Result()
		return err == nil && len(known) == 1
	})
	eventually(t, "it is replicated", func() bool { return do(t, master.client(), "WAIT", 1, 100) == int64(1) })
	master.kill()
	eventually(t, "another master", func() bool {
		address, err := sentinel.GetMasterAddrByName(t.Context(), "bearergate").Result()
		return err == nil && address[1] != port
	})
	eventually(t, "a revocation is shared", func() bool {
		return here.Revoke(t.Context(), revocation.Revocation{Token: "after"}) == nil
	})
	there.learns("after")
	late := newReplica(t, client(), settings{})
	ready(t, late)
	late.want("before", "revoked")
	late.want("after", "revoked")
}

// startSentinel starts one on a port that watches over the master on another.
func startSentinel(t *testing.T, master, port string) *redis.SentinelClient {
	t.Helper()
	config := filepath.Join(t.TempDir(), "sentinel.conf") // which it writes to
	err := os.WriteFile(config, []byte("sentinel monitor bearergate 127.0.0.1 "+master+" 1\n"+
		"sentinel down-after-milliseconds bearergate 500\nsentinel failover-timeout bearergate 5000\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, config, "--sentinel", "--port", port)
	client := redis.NewSentinelClient(s.options())
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// A cluster is as good as one server.
func TestCluster(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := startRedis(t, "--port", port, "--cluster-enabled", "yes", "--cluster-port", freePort(t),
		"--cluster-announce-ip", "127.0.0.1")
	do(t, s.client(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
	eventually(t, "the cluster is up", func() bool {
		return strings.Contains(do(t, s.client(), "CLUSTER", "INFO").(string), "cluster_state:ok")
	})
	client := func() redis.UniversalClient {
		c := redis.NewUniversalClient(&redis.UniversalOptions{
			Addrs: []string{"127.0.0.1:" + port}, IsClusterMode: true, ContextTimeoutEnabled: true,
		})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	here, there := newReplica(t, client(), settings{}), newReplica(t, client(), settings{})
	ready(t, here, there)
	here.revoke("a")
	there.learns("a")
	careful := newReplica(t, client(), settings{stream: oauthredis.StreamConfig{WaitReplicas: 1, Timeout: 100 * time.Millisecond}})
	ready(t, careful)
	if err := careful.Revoke(t.Context(), revocation.Revocation{Token: "b"}); !errors.Is(err, revocation.ErrNotShared) {
		t.Errorf("without a replica: %v", err)
	}
	there.learns("b")
	s.kill()
	s.start()
	eventually(t, "a revocation is shared", func() bool {
		return there.Revoke(t.Context(), revocation.Revocation{Token: "c"}) == nil
	})
	here.learns("c")
	here.want("other", "good")
}
