package budget

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/internal/problems/problemstest"
)

func valid() Config {
	return Config{
		Name: "shop-monthly", Amount: 250, Currency: "USD", Tag: Tag{"Environment", "production"},
		TopicARN: "arn:aws:sns:ap-southeast-2:000000000000:team",
	}
}

func TestBadInput(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"as it is":         {func(*Config) {}, nil},
		"in China":         {func(c *Config) { c.Currency = "CNY" }, nil},
		"edges":            {func(c *Config) { c.Actual, c.Forecast = []float64{1}, []float64{1000} }, nil},
		"no shares":        {func(c *Config) { c.Actual, c.Forecast = []float64{}, []float64{} }, nil},
		"a topic to come":  {func(c *Config) { c.TopicARN = "${aws_sns_topic.team.arn}" }, nil},
		"amount 0":         {func(c *Config) { c.Amount = 0 }, []string{`Amount: is 0, want what a month may cost, more than 0 (250)`}},
		"negative amount":  {func(c *Config) { c.Amount = -5 }, []string{`Amount: is -5, want what a month may cost, more than 0 (250)`}},
		"no number":        {func(c *Config) { c.Amount = math.NaN() }, []string{`Amount: is NaN, want what a month may cost, more than 0 (250)`}},
		"no currency":      {func(c *Config) { c.Currency = "" }, []string{`Currency: is "", want the currency of Amount ("USD")`}},
		"another currency": {func(c *Config) { c.Currency = "AUD" }, []string{`Currency: is "AUD", want "USD", or "CNY" in China: AWS calculates in no other, whatever the bill is paid in`}},
		"a share":          {func(c *Config) { c.Actual = []float64{0.8} }, []string{`Actual[0]: is 0.8, want a share in percent: 80`}},
		"a small share":    {func(c *Config) { c.Forecast = []float64{100, 0.995} }, []string{`Forecast[1]: is 0.995, want a share in percent: 99.5`}},
		"share 0":          {func(c *Config) { c.Actual = []float64{0} }, []string{`Actual[0]: is 0, want a share of Amount in percent, 1 to 1000 (80)`}},
		"a large share":    {func(c *Config) { c.Actual = []float64{1001} }, []string{`Actual[0]: is 1001, want a share of Amount in percent, 1 to 1000 (80)`}},
		"one share":        {func(c *Config) { c.Actual = []float64{80, 80} }, []string{`Actual[1]: is 80, want each share once`}},
		"many shares":      {func(c *Config) { c.Actual = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10} }, []string{`Actual: is 11 shares with Forecast, want at most 10: AWS tells of no more for a budget`}},
		"name":             {func(c *Config) { c.Name = "shop:monthly" }, []string{`Name: is "shop:monthly", want the budget's name ("shop-monthly"): 1 to 100 characters without : and \`}},
		"name to come":     {func(c *Config) { c.Name = "${var.name}" }, []string{`Name: is "${var.name}", want a value that is written out`}},
		"no tag":           {func(c *Config) { c.Tag = Tag{} }, []string{`Tag.Key: is "", want the tag of what counts (Tag{"Environment", "production"})`, `Tag.Value: is "", want the tag of what counts (Tag{"Environment", "production"})`}},
		"tag to come":      {func(c *Config) { c.Tag.Value = "${var.env}" }, []string{`Tag.Value: is "${var.env}", want a value that is written out`}},
		"anomalies":        {func(c *Config) { c.AnomaliesFrom = -1 }, []string{`AnomaliesFrom: is -1, want what an anomaly comes to, more than 0 (20), or 0 to be told of none`}},
		"no topic":         {func(c *Config) { c.TopicARN = "team" }, []string{`TopicARN: is "team", want the ARN of a topic ("arn:aws:sns:<region>:<account>:<name>"): with region, account and name`}},
		"all at once": {func(c *Config) { c.Amount, c.Currency, c.Actual = 0, "", []float64{0.5} }, []string{
			`Amount: is 0, want what a month may cost, more than 0 (250)`, `Currency: is "", want the currency of Amount ("USD")`, `Actual[0]: is 0.5, want a share in percent: 50`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid()
			test.change(&cfg)
			problemstest.Want(t, test.want, cfg.Validate())
		})
	}
}

// TestPublishers: the topic lets in this budget, and anomalies when they are told.
func TestPublishers(t *testing.T) {
	cfg := valid()
	budgets := monitoring.Publisher{
		Service: "budgets.amazonaws.com", Global: true,
		Sources: map[monitoring.Severity][]string{monitoring.Warning: {"budget/shop-monthly"}},
	}
	if diff := cmp.Diff([]monitoring.Publisher{budgets}, cfg.Publishers(monitoring.Warning)); diff != "" {
		t.Errorf("without anomalies (-want +got):\n%s", diff)
	}
	cfg.AnomaliesFrom = 20
	anomalies := monitoring.Publisher{Service: "costalerts.amazonaws.com", OfAccount: []monitoring.Severity{monitoring.Warning}}
	if diff := cmp.Diff([]monitoring.Publisher{budgets, anomalies}, cfg.Publishers(monitoring.Warning)); diff != "" {
		t.Errorf("with anomalies (-want +got):\n%s", diff)
	}
	mon := monitoring.Config{
		Name: "shop", Region: "ap-southeast-2", Publishers: cfg.Publishers(monitoring.Warning), Panels: []monitoring.Panel{cfg.Panel()},
		Notify: map[monitoring.Severity][]monitoring.Target{monitoring.Warning: {monitoring.Email("team@example.com")}},
	}
	if err := mon.Validate(); err != nil {
		t.Error(err)
	}
	mon.Notify = nil
	if err := mon.Validate(); err == nil || !strings.Contains(err.Error(), `Publishers[1].OfAccount[0]: is "warning", want a severity that Notify has targets for`) {
		t.Errorf("nobody to tell: %v", err)
	}
}

// TestPanel: the text says what is told, and when.
func TestPanel(t *testing.T) {
	cfg := valid()
	cfg.AnomaliesFrom, cfg.Forecast = 20, []float64{90, 110}
	text := cfg.Panel().Text
	for _, want := range []string{"shop-monthly", "250 USD a month", "`Environment` = `production`", "80 %, 100 % spent", "90 %, 110 % expected", "20 USD or more"} {
		if !strings.Contains(text, want) {
			t.Errorf("the panel does not say %q: %s", want, text)
		}
	}
}
