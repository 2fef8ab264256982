package monitoring

import (
	"strings"
	"testing"
)

func TestSubscriptionID(t *testing.T) {
	tests := []struct {
		target   Target
		resolved string
		want     string
	}{
		{Email("oncall@example.com"), "oncall@example.com", "email-oncall-example-com-a40ca5"},
		{Email("on.call@example.com"), "on.call@example.com", "email-on-call-example-com-"},
		{Email("on-call@example.com"), "on-call@example.com", "email-on-call-example-com-"},
		// The path of a URL is often a key: it must not be readable in an address.
		{HTTPS("https://events.example.com/secret"), "https://events.example.com/secret", "https-events-example-com-"},
		{HTTPS("${TfToken[TOKEN.7]}"), "${aws_ssm_parameter.pager.value}", "https-reference-"},
	}
	seen := map[string]Target{}
	for _, tt := range tests {
		got := tt.target.subscriptionID(tt.resolved)
		if len(got) < len(tt.want) || got[:len(tt.want)] != tt.want {
			t.Errorf("%v: id is %q, want %q", tt.target, got, tt.want)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%v and %v have the same id %q", tt.target, other, got)
		}
		seen[got] = tt.target
	}
}

// TestNoKeyIsShown checks that a message shows no more of a URL than scheme and
// host, whatever the slip: any other part may be an integration key.
func TestNoKeyIsShown(t *testing.T) {
	const key = "R0SECRETKEY"
	for _, address := range []string{
		"http://events.example.com/" + key,
		"events.example.com/integration/" + key,
		" https://events.example.com/" + key,
		"https://events.example.com/" + key + "\n",
		"https://events.example.com/%zz" + key,
		"https://events.example.com?key=" + key,
		"https://events.example.com#" + key,
		"https://user:" + key + "@events.example.com/",
		"https://" + key + "@events.example.com/",
		"https:///" + key,
		"https:/events.example.com/" + key,
		"https:" + key,
		"https://events.example.com:" + key + "/",
		"https://events.example.com\\" + key,
		"https://https://events.example.com/" + key,
		"eyJ." + key + ".x/y",
		key,
	} {
		cfg := application()
		cfg.Notify[Critical] = []Target{HTTPS(address), HTTPS(address)}
		err := cfg.Validate()
		if err == nil {
			t.Errorf("%q twice is accepted", address)
			continue
		}
		if strings.Contains(err.Error(), key) || strings.Contains(err.Error(), key[:4]) {
			t.Errorf("%q: the key is shown: %v", address, err)
		}
	}
}
