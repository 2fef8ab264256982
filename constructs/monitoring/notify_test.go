package monitoring

import "testing"

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
