package faultproxy

import (
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// link is a connection through a Proxy. Once it is stranded nothing passes, and neither end hears of it.
type link struct {
	near, far net.Conn
	stranded  chan struct{}
	answered  atomic.Int64 // octets of the present answer
}

func (l *link) close() { _, _ = l.near.Close(), l.far.Close() }

// reset has the client see a reset instead of an orderly end.
func (l *link) reset() {
	if tcp, ok := l.near.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

type direction int

const (
	upward   direction = iota // to the server
	downward                  // to the client
)

const chunkBytes = 64 << 10

// pass copies in one direction until an end, or the network, has enough.
func (p *Proxy) pass(l *link, d direction) {
	defer p.drop(l)
	from, to := l.near, l.far
	if d == downward {
		from, to = l.far, l.near
	}
	chunk := make([]byte, chunkBytes)
	for {
		n, err := from.Read(chunk)
		if n > 0 && !p.carry(l, d, to, chunk[:n]) || err != nil {
			return
		}
	}
}

// carry brings octets to the other end, as well as the network does at the moment, and reports whether more can follow.
func (p *Proxy) carry(l *link, d direction, to net.Conn, octets []byte) bool {
	fault := p.present()
	if !p.pause(l, fault.delay()) {
		return false
	}
	if d == upward {
		l.answered.Store(0)
		return write(to, octets)
	}
	last := false
	if fault.ResetAfter > 0 {
		room := max(int64(fault.ResetAfter)-l.answered.Load(), 0)
		if last = int64(len(octets)) >= room; last {
			octets = octets[:room]
		}
	}
	l.answered.Add(int64(len(octets)))
	if !p.drip(l, to, octets) {
		return false
	}
	if last {
		l.reset()
		p.count(&p.counts.Reset)
	}
	return !last
}

// drip writes octet by octet for as long as the network is that slow.
func (p *Proxy) drip(l *link, to net.Conn, octets []byte) bool {
	for len(octets) > 0 {
		pause := p.present().Drip
		if pause <= 0 {
			return write(to, octets)
		}
		if !p.pause(l, pause) || !write(to, octets[:1]) {
			return false
		}
		octets = octets[1:]
	}
	return true
}

func write(to net.Conn, octets []byte) bool {
	_, err := to.Write(octets)
	return err == nil
}

func (f Fault) delay() time.Duration {
	if f.Jitter <= 0 {
		return f.Latency
	}
	return f.Latency + rand.N(f.Jitter)
}

// pause reports whether the connection is still good afterwards.
func (p *Proxy) pause(l *link, d time.Duration) bool {
	if d > 0 {
		p.count(&p.counts.Delayed)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-l.stranded:
		return false
	case <-p.closing:
		return false
	case <-timer.C:
	}
	select {
	case <-l.stranded: // the timer does not outrank it
		return false
	default:
		return true
	}
}

// swallow takes what a client sends on a stranded connection, until it gives up.
func (p *Proxy) swallow(l *link) {
	_, _ = io.Copy(io.Discard, l.near)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.stranded, l)
	l.close()
}
