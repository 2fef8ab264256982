package doctest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A site stands in for the application on the internet: real TLS, under the real
// domain names, answering what the application answers. Clients reach it through a
// proxy that knows these names and no other.
type site struct {
	dir      string
	hosts    []string
	proxy    net.Listener
	listener net.Listener
	server   *http.Server
}

// newSite starts the double of the application for these domain names.
func newSite(ctx context.Context, hosts []string) (*site, error) {
	s := &site{hosts: hosts}
	var err error
	if s.dir, err = os.MkdirTemp("", "doctest-site-"); err != nil {
		return nil, err
	}
	cert, err := s.certificate()
	if err != nil {
		return nil, err
	}
	listen := new(net.ListenConfig)
	if s.listener, err = listen.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.proxy, err = listen.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.server = &http.Server{
		Handler:           http.HandlerFunc(application),
		ReadHeaderTimeout: 10 * time.Second,
	}
	secure := tls.NewListener(s.listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	go func() { _ = s.server.Serve(secure) }() // ends with close
	go s.accept(ctx)
	return s, nil
}

// application answers as the backend and the frontend do.
func application(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Host, "api.") && r.URL.Path == "/api/v1/utils/health-check/":
		fmt.Fprint(w, "true")
	case strings.HasPrefix(r.Host, "api."):
		http.Error(w, `{"detail":"Not Found"}`, http.StatusNotFound)
	default: // the frontend answers any path
		fmt.Fprint(w, "<!doctype html>\n<title>Oh My Coins</title>\n")
	}
}

// certificate makes a certificate for the hosts, and a file of it for clients.
func (s *site) certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "stand-in for the application"},
		DNSNames:              s.hosts,
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(0, 0, 60),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(s.authority(), file, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func (s *site) authority() string { return filepath.Join(s.dir, "authority.pem") }

// environ are the variables that send https requests of curl and Go programs here.
func (s *site) environ() []string {
	return []string{
		"HTTPS_PROXY=http://" + s.proxy.Addr().String(),
		"https_proxy=http://" + s.proxy.Addr().String(),
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"CURL_CA_BUNDLE=" + s.authority(),
		"SSL_CERT_FILE=" + s.authority(),
	}
}

func (s *site) close() error {
	_ = s.proxy.Close()
	_ = s.server.Close()
	return os.RemoveAll(s.dir)
}

// accept serves CONNECT requests until the proxy is closed.
func (s *site) accept(ctx context.Context) {
	for {
		conn, err := s.proxy.Accept()
		if err != nil {
			return
		}
		go s.connect(ctx, conn)
	}
}

func (s *site) connect(ctx context.Context, client net.Conn) {
	defer client.Close()
	target, err := readConnect(client)
	if err != nil {
		return
	}
	host, _, _ := net.SplitHostPort(target)
	if !slices.Contains(s.hosts, host) {
		fmt.Fprintf(client, "HTTP/1.1 403 %s is not a domain of the application\r\n\r\n", host)
		return
	}
	server, err := new(net.Dialer).DialContext(ctx, "tcp", s.listener.Addr().String())
	if err != nil {
		return
	}
	defer server.Close()
	fmt.Fprint(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // either side may hang up
			done <- struct{}{}
		}()
	}
	<-done
}

// readConnect reads a CONNECT request byte by byte: what follows it is not ours.
func readConnect(conn net.Conn) (string, error) {
	var head strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		if _, err := conn.Read(b); err != nil {
			return "", err
		}
		head.Write(b)
		if head.Len() > 1<<14 {
			return "", fmt.Errorf("a request without an end")
		}
	}
	var target string
	_, err := fmt.Sscanf(head.String(), "CONNECT %s HTTP/", &target)
	return target, err
}
