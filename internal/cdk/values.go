package cdk

import (
	"regexp"

	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"github.com/ohmycoins/infra/internal/cdk/token"
)

// String returns nil for "", which leaves the attribute out.
func String(s string) *string {
	if s == "" {
		return nil
	}
	return jsii.String(s)
}

// Strings returns nil for an empty list, which leaves the attribute out.
func Strings(list []string) *[]*string {
	if len(list) == 0 {
		return nil
	}
	return jsii.Strings(list...)
}

// Map returns nil for an empty map, which leaves the attribute out.
func Map(m map[string]string) *map[string]*string {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]*string, len(m))
	for k, v := range m {
		out[k] = jsii.String(v)
	}
	return &out
}

// ARN part numbers for [ARNPart].
const (
	ARNPartition = 1
	ARNRegion    = 3
	ARNAccount   = 4
)

// ARNPart returns a reference to one part of an ARN that may be known only to
// Terraform. It saves constructs a look-up of the account and the region.
func ARNPart(arn string, part int) string {
	return *cdktf.Token_AsString(cdktf.Fn_Element(cdktf.Fn_Split(jsii.String(":"), jsii.String(arn)), jsii.Number(part)), nil)
}

// ReplaceAll replaces what matches a regular expression in s, by Terraform where
// only Terraform knows s. The expression must mean the same in both.
func ReplaceAll(s, expr, with string) string {
	if token.Is(s) {
		return *cdktf.Fn_Replace(jsii.String(s), jsii.String("/"+expr+"/"), jsii.String(with))
	}
	return regexp.MustCompile(expr).ReplaceAllString(s, with)
}
