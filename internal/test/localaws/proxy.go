package localaws

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// proxy passes requests to moto one at a time. moto's threads share dictionaries:
// now and then a call that changes one makes another call, which walks through it,
// answer 500 ("dictionary changed size during iteration"), after it has done half
// of its work.
type proxy struct {
	server *http.Server
	url    string
}

// startProxy listens in front of motoURL. Requests go through intercept first, where
// there is one.
func startProxy(ctx context.Context, motoURL string, intercept func(http.Handler) http.Handler) (*proxy, error) {
	target, err := url.Parse(motoURL)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening in front of moto: %w", err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // the host is part of what clients sign
	}}
	var oneAtATime sync.Mutex
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		oneAtATime.Lock()
		defer oneAtATime.Unlock()
		forward.ServeHTTP(w, r)
	})
	if intercept != nil {
		handler = intercept(handler)
	}
	p := &proxy{
		url:    "http://" + listener.Addr().String(),
		server: &http.Server{ReadHeaderTimeout: time.Minute, Handler: handler},
	}
	go func() { _ = p.server.Serve(listener) }() // ends with http.ErrServerClosed
	return p, nil
}

func (p *proxy) stop() error { return p.server.Close() }
