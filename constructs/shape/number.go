package shape

import (
	"math"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// CheckLimit reports what is not a number from 0 on that CloudWatch takes: not finite,
// or smaller or larger than it stores (API reference, MetricDatum). References pass.
func CheckLimit(p *problems.Problems, field string, v float64, want string) {
	if !token.IsNumber(v) {
		CheckKnown(p, field, v, want)
	}
}

// CheckKnown is [CheckLimit] for a number that others are calculated from, so that a
// reference does not do.
func CheckKnown(p *problems.Problems, field string, v float64, want string) {
	switch {
	case token.IsNumber(v):
		p.Want(field, problems.Text("a reference"), "a number that is written out, because a threshold is calculated from it: %s", want)
	case v == 0:
	case !(v >= math.Ldexp(1, -360) && v <= math.Ldexp(1, 360)):
		p.Want(field, v, "%s", want)
	}
}
