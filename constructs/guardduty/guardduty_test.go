package guardduty

import (
	"testing"

	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func TestBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		cfg  Config
		want []string
	}{
		"off":             {Config{}, nil},
		"made":            {Config{Detector: Create, Frequency: "ONE_HOUR"}, nil},
		"found":           {Config{Detector: Adopt}, nil},
		"another way":     {Config{Detector: "import"}, []string{`Detector: is "import", want Create ("create"), Adopt ("adopt") or None ("")`}},
		"of another":      {Config{Detector: Adopt, Frequency: "ONE_HOUR"}, []string{`Frequency: is "ONE_HOUR", want none without Create: the detector that is there has its own`}},
		"every five":      {Config{Detector: Create, Frequency: "FIVE_MINUTES"}, []string{`Frequency: is "FIVE_MINUTES", want one of FIFTEEN_MINUTES, ONE_HOUR, SIX_HOURS`}},
		"two at once":     {Config{Detector: "x", Provider: "aws.sydney"}, []string{`Detector: is "x", want Create ("create"), Adopt ("adopt") or None ("")`, `Provider: is "aws.sydney", want the alias of an AWS provider: "sydney"`}},
		"nothing to tune": {Config{Frequency: "ONE_HOUR"}, []string{`Frequency: is "ONE_HOUR", want none without Create: the detector that is there has its own`}},
	} {
		t.Run(name, func(t *testing.T) {
			problemstest.Want(t, test.want, test.cfg.Validate())
		})
	}
}
