package cdk

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsguarddutydetector"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/guarddutydetector"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/route53healthcheck"
)

// HealthCheck is aws_route53_health_check of an address with HTTPS.
type HealthCheck struct {
	// Name is its tag Name, by which the console shows it.
	Name string
	Host string
	Port int
	Path string
	// Contains is a text that the answer must have; "" for any answer.
	Contains       string
	EverySeconds   int
	Failures       int
	MeasureLatency bool
	Tags           map[string]string
}

// HealthCheckRef is a health check that was made.
type HealthCheckRef struct {
	Construct Scope
	ID, ARN   string
}

// NewHealthCheck makes an aws_route53_health_check.
func NewHealthCheck(scope Scope, id string, h HealthCheck) HealthCheckRef {
	kind := "HTTPS"
	if h.Contains != "" {
		kind = "HTTPS_STR_MATCH"
	}
	tags := map[string]string{"Name": h.Name}
	for key, value := range h.Tags {
		tags[key] = value
	}
	check := route53healthcheck.NewRoute53HealthCheck(scope, jsii.String(id), &route53healthcheck.Route53HealthCheckConfig{
		Type: jsii.String(kind), Fqdn: String(h.Host), Port: jsii.Number(h.Port), ResourcePath: String(h.Path), SearchString: String(h.Contains),
		RequestInterval: jsii.Number(h.EverySeconds), FailureThreshold: jsii.Number(h.Failures),
		EnableSni: jsii.Bool(true), MeasureLatency: jsii.Bool(h.MeasureLatency), Tags: Map(tags),
	})
	return HealthCheckRef{check, *check.Id(), *check.Arn()}
}

// Detector is aws_guardduty_detector.
type Detector struct {
	// Frequency is how soon a finding that goes on is published again:
	// "FIFTEEN_MINUTES".
	Frequency string
	Tags      map[string]string
}

// DetectorRef is a detector that was made or found.
type DetectorRef struct {
	Construct Scope
	ID        string
}

// NewDetector makes an aws_guardduty_detector.
func NewDetector(scope Scope, id string, d Detector) DetectorRef {
	detector := guarddutydetector.NewGuarddutyDetector(scope, jsii.String(id), &guarddutydetector.GuarddutyDetectorConfig{
		Enable: jsii.Bool(true), FindingPublishingFrequency: String(d.Frequency), Tags: Map(d.Tags),
	})
	return DetectorRef{detector, *detector.Id()}
}

// FoundDetector is the detector of the provider's account and region. There is at most
// one, so that nothing has to be said about it.
type FoundDetector struct{}

// NewFoundDetector finds the detector.
func NewFoundDetector(scope Scope, id string, _ FoundDetector) DetectorRef {
	found := dataawsguarddutydetector.NewDataAwsGuarddutyDetector(scope, jsii.String(id), nil)
	return DetectorRef{found, *found.Id()}
}
