package kinds

import (
	"regexp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// UserPool is a Cognito user pool with the clients that sign users in. Metrics: Amazon
// Cognito developer guide, "Tracking quotas and usage in CloudWatch".
type UserPool struct {
	// Key is the pool's stable name: "customers".
	Key string
	// ID is the pool's id: "ap-southeast-2_AbCdEf123".
	ID string
	// Clients are the ids of its app clients, each under a stable name: the alarms of
	// "web" in "customers" have the resource key "customers-web". At least one:
	// CloudWatch has no metrics of a pool as a whole.
	Clients map[string]string
	// IdentityProviders are the names of the providers that users sign in with, each
	// under a stable name: {"google": "Google"}. Default: none.
	IdentityProviders map[string]string
}

var (
	userPoolID   = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-\d_[A-Za-z0-9]+$`)
	clientID     = regexp.MustCompile(`^[a-z0-9]{20,64}$`)
	providerName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,32}$`)
)

// ResourceKey implements [monitoring.Resource].
func (u UserPool) ResourceKey() string { return u.Key }

// Validate implements [monitoring.Resource].
func (u UserPool) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ID", u.ID, userPoolID, `the id of the user pool ("ap-southeast-2_AbCdEf123"), not its name or ARN`)
	if len(u.Clients) == 0 {
		p.Want("Clients", monitoring.Text("empty"), `at least one id of an app client ({"web": "1h57kf5cpq17m0eml12example"}): CloudWatch has no metrics of a pool as a whole`)
	}
	identifiers(&p, "Clients", u.Clients, clientID, `the id of an app client ("1h57kf5cpq17m0eml12example"), not its name`)
	identifiers(&p, "IdentityProviders", u.IdentityProviders, providerName, `the name of an identity provider ("Google"), not its URL`)
	return p.Err()
}

// Watch implements [monitoring.Resource].
func (u UserPool) Watch() monitoring.Watch {
	var alarms []monitoring.Alarm
	throttles := monitoring.Panel{ID: "cognito-throttles", Title: "Cognito: throttled requests"}
	signIns := monitoring.Panel{ID: "cognito-sign-ins", Title: "Cognito: successful sign-ins"}
	for _, key := range sorted(u.Clients) {
		resource := part(u.Key, key)
		sum := func(name string, more ...cloudwatch.Dimension) cloudwatch.Metric {
			return metric("AWS/Cognito", name, cloudwatch.Sum,
				append([]cloudwatch.Dimension{dimension("UserPool", u.ID), dimension("UserPoolClient", u.Clients[key])}, more...)...)
		}
		// Without requests there is no data.
		throttled := func(id string, of cloudwatch.Metric, severity monitoring.Severity, profile monitoring.Profile) {
			alarms = append(alarms, monitoring.Alarm{
				Resource: resource, ID: id, Severity: severity, Profile: profile,
				When: of.Above(0), Window: periods(5), Missing: cloudwatch.Missing,
				FirstStep: "See in the logs whether it is an attack or growth, then block it or ask for a higher quota.",
			})
			throttles.Lines = append(throttles.Lines, monitoring.Line{Resource: resource, Of: of, Label: id})
		}
		throttled("sign-in-throttled", sum("SignInThrottles"), monitoring.Critical, monitoring.Essential)
		throttled("sign-up-throttled", sum("SignUpThrottles"), monitoring.Warning, monitoring.Recommended)
		throttled("refresh-throttled", sum("TokenRefreshThrottles"), monitoring.Critical, monitoring.Recommended)
		for _, provider := range sorted(u.IdentityProviders) {
			throttled(provider+"-throttled", sum("FederationThrottles", dimension("IdentityProvider", u.IdentityProviders[provider])),
				monitoring.Warning, monitoring.Recommended)
		}
		signIns.Lines = append(signIns.Lines, monitoring.Line{Resource: resource, Of: sum("SignInSuccesses"), Label: "sign-ins"})
	}
	w := watch("cognito", alarms, throttles, signIns)
	for i := range w.Alarms {
		w.Alarms[i].Section = "cognito-throttled" // one section: the cause is the same
	}
	return w
}
