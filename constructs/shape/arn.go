package shape

import (
	"regexp"
	"strings"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

const place = `arn:aws[a-z-]*:%s:[a-z]{2,4}(?:-[a-z]+)+-\d:\d{12}:`

func arnOf(service, resource string) *regexp.Regexp {
	return re(strings.Replace(place, "%s", service, 1) + resource)
}

// ARNs have a region, an account and an id; none of them has a wildcard.
var (
	// KeyARN is the ARN of a KMS key.
	KeyARN = Shape{
		what: "the ARN of a key", example: "arn:aws:kms:<region>:<account>:key/<id>", rule: "with region, account and id; policies take neither key ids nor aliases",
		pattern: arnOf("kms", `key/[A-Za-z0-9-]+`),
	}
	// TopicARN is the ARN of an SNS topic that alarms can publish to.
	TopicARN = Shape{
		what: "the ARN of a topic", example: "arn:aws:sns:<region>:<account>:<name>", rule: "with region, account and name",
		pattern: arnOf("sns", `[\w-]{1,256}`),
		others: []other{
			meant(re(`(arn:.*:sns:.*:[\w.-]+):[0-9a-f-]{36}`), "$1"),
			is(re(`.*\.fifo`), "a FIFO topic, to which CloudWatch cannot publish"),
		},
	}
	// SecretARN is the whole ARN of a secret.
	SecretARN = Shape{
		what: "the ARN of a secret", example: "arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>", rule: "the whole ARN, with the six characters that AWS has added",
		pattern: arnOf("secretsmanager", `secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}`),
	}
)

// ARNPart returns a part of an ARN by its number, from 0 ("arn") to 5 (the resource),
// or "" where there is none.
func ARNPart(arn string, part int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) <= part {
		return ""
	}
	return parts[part]
}

// Numbers of the parts of an ARN.
const (
	InRegion = 3
	Resource = 5
)

// CheckRegionOf reports an ARN that is not in a region. ARNs without a region, and
// references, pass.
func CheckRegionOf(p *problems.Problems, field, arn, region, why string) {
	if token.Is(arn) || token.Is(region) || region == "" {
		return
	}
	if in := ARNPart(arn, InRegion); in != "" && in != region {
		p.Want(field, arn, "one of %s, %s", region, why)
	}
}
