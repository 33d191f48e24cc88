// Package faultproxy does to the connections of tests what networks do: it delays, cuts, strands and resets them, and it
// makes names stop to resolve. What it does not do is to look inside.
package faultproxy

import (
	"net"
	"sync"
	"time"
)

// Proxy passes TCP connections on to a server. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	closing  chan struct{}
	closed   sync.Once
	running  sync.WaitGroup

	mu       sync.Mutex
	network  string
	address  string
	fault    Fault
	cut      bool
	links    map[*link]struct{}
	stranded map[*link]struct{}
	counts   Counts
}

// Fault is what happens to octets on their way. Its parts add up; the zero value is a network that works well.
type Fault struct {
	// Latency is how long octets are held back in each direction, and Jitter how much longer at most.
	Latency, Jitter time.Duration
	// Drip is the pause before each octet from the server.
	Drip time.Duration
	// ResetAfter resets a connection once so many octets of an answer have passed. An answer begins with the first octet
	// from the server after one from the client.
	ResetAfter int
}

// Counts says what became of connections. Accepted, Refused, Reset and Delayed only grow.
type Counts struct {
	// Accepted were passed on; Refused were closed at once, because of a cut or since the server could not be reached.
	Accepted, Refused int
	// Reset is how many were reset because of Fault.ResetAfter.
	Reset int
	// Delayed is how many times octets were held back because of Fault.Latency, Fault.Jitter or Fault.Drip.
	Delayed int
	// Open connections are passed on at the moment, Stranded ones are half open.
	Open, Stranded int
}

// Listen returns a Proxy on a free port of 127.0.0.1 in front of the server at an address as for [net.Dial]. The server
// need not be there yet.
func Listen(network, address string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		listener: listener,
		closing:  make(chan struct{}),
		network:  network,
		address:  address,
		links:    map[*link]struct{}{},
		stranded: map[*link]struct{}{},
	}
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns the address to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Break makes the network misbehave from now on, for connections that exist too.
func (p *Proxy) Break(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Cut ends all connections and takes no more, until Heal.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for l := range p.links {
		l.close()
	}
	clear(p.links)
}

// Strand leaves the connections there are half open, as a router does that forgets about them, and returns how many. New
// ones work well.
func (p *Proxy) Strand() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.links)
	for l := range p.links {
		close(l.stranded)
		delete(p.links, l)
		p.stranded[l] = struct{}{}
		p.running.Go(func() { p.swallow(l) })
	}
	return n
}

// Heal ends all faults. Connections that are half open remain so.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.cut = Fault{}, false
}

// Redirect passes new connections on to another server. Those that exist stay with theirs.
func (p *Proxy) Redirect(network, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network, p.address = network, address
}

// Counts returns what became of connections until now.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := p.counts
	counts.Open, counts.Stranded = len(p.links), len(p.stranded)
	return counts
}

// Close ends everything, and returns once no goroutine of the Proxy is left. Closing twice is harmless; the error is that
// of the listener.
func (p *Proxy) Close() error {
	var err error
	p.closed.Do(func() {
		close(p.closing)
		err = p.listener.Close()
		p.mu.Lock()
		p.cut = true
		for _, links := range []map[*link]struct{}{p.links, p.stranded} {
			for l := range links {
				l.close()
			}
		}
		p.mu.Unlock()
		p.running.Wait()
	})
	return err
}

func (p *Proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.take(near) })
	}
}

const dialTimeout = 5 * time.Second

// take connects to the server for a client.
func (p *Proxy) take(near net.Conn) {
	p.mu.Lock()
	network, address, cut := p.network, p.address, p.cut
	p.mu.Unlock()
	var far net.Conn
	if !cut {
		far, _ = net.DialTimeout(network, address, dialTimeout)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if far == nil || p.cut {
		p.counts.Refused++
		_ = near.Close()
		if far != nil {
			_ = far.Close()
		}
		return
	}
	p.counts.Accepted++
	l := &link{near: near, far: far, stranded: make(chan struct{})}
	p.links[l] = struct{}{}
	p.running.Go(func() { p.pass(l, upward) })
	p.running.Go(func() { p.pass(l, downward) })
}

// drop ends a connection, unless it is stranded, which neither end shall hear of.
func (p *Proxy) drop(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, there := p.links[l]; there {
		delete(p.links, l)
		l.close()
	}
}

func (p *Proxy) count(counter *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*counter++
}

func (p *Proxy) present() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}
