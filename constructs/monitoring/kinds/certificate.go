package kinds

import (
	"regexp"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// Certificate is a certificate in ACM. Those of CloudFront are in us-east-1 and are
// watched there. Metrics: AWS Certificate Manager user guide, "Supported CloudWatch
// metrics".
type Certificate struct {
	// Key is the certificate's stable name: "api-certificate".
	Key string
	// ARN is its ARN.
	ARN string
}

var certificateARN = regexp.MustCompile(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$`)

// ResourceKey implements [monitoring.Resource].
func (c Certificate) ResourceKey() string { return c.Key }

// Validate implements [monitoring.Resource].
func (c Certificate) Validate() error {
	var p monitoring.Problems
	identifier(&p, "ARN", c.ARN, certificateARN, `the ARN of the certificate ("arn:aws:acm:<region>:<account>:certificate/<id>"), not its domain name or id`)
	return p.Err()
}

// ACM renews 60 days before the end and has been trying for 16 days at the first
// threshold, which is AWS's; at the second somebody has to act.
const (
	daysToLook = 44
	daysToAct  = 14
)

// Watch implements [monitoring.Resource].
func (c Certificate) Watch() monitoring.Watch {
	days := metric("AWS/CertificateManager", "DaysToExpiry", cloudwatch.Minimum, dimension("CertificateArn", c.ARN)).WithPeriod(24 * time.Hour)
	return watch("certificate",
		[]monitoring.Alarm{{
			ID: "expires-soon", Severity: monitoring.Warning, Levels: []monitoring.Level{{Severity: monitoring.Critical, Value: daysToAct}},
			When: days.AtMost(daysToLook), Window: periods(1), Missing: cloudwatch.Breaching, // one that has expired has no data
			FirstStep: "See why the renewal fails: its DNS record is missing, or the certificate was imported and has to be imported again.",
		}},
		monitoring.Panel{
			ID: "certificate-days", Title: "Certificates: days until they expire", Left: monitoring.Axis{Label: "days"},
			Lines: []monitoring.Line{{Of: days, Label: "days"}},
		},
	)
}
