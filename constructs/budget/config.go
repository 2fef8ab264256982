package budget

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Config configures [New]. Name, Tag, Amount and shares are written out; TopicARN may be
// a Terraform reference.
type Config struct {
	// Name is the budget's name, 1 to 100 characters without : and \, which no other
	// budget of the account has.
	Name string
	// Amount is what a month may cost, in Currency.
	Amount float64
	// Currency is the one that AWS calculates in: "USD", in China "CNY". A bill that is
	// paid in another one makes no difference.
	Currency string
	// Tag is the tag of what counts. It has to be activated as a cost allocation tag, in
	// the account that pays; until then everything seems to cost nothing.
	Tag Tag
	// Actual are the shares of Amount, in percent, at which the topic is told that they
	// have been spent. Default: 80 and 100.
	Actual []float64
	// Forecast are the same for what the month is expected to come to. AWS forecasts once
	// there are five weeks of costs. Default: 100.
	Forecast []float64
	// AnomaliesFrom is how much an unusual cost has to come to, in Currency, until the
	// topic is told. Default: nobody is told of anomalies.
	AnomaliesFrom float64
	// TopicARN is the ARN of the topic that is told. Its policy, and that of its key, have
	// to let AWS in: monitoring.Config.Publishers does, with what Publishers returns.
	TopicARN string
	// Provider is the alias of the AWS provider that makes everything: "sydney" for the
	// provider with Alias "sydney". Default: the provider of the stack that has no alias.
	Provider string
	// Tags are added to the provider's default tags. Default: none.
	Tags map[string]string
}

// Tag is a cost allocation tag: {"Environment", "production"}.
type Tag struct {
	// Key is the tag's key, which has to be activated as a cost allocation tag (user guide of
	// AWS Billing, "Activating user-defined cost allocation tags"): 1 to 128 characters.
	Key string
	// Value is the value of what is counted: 1 to 256 characters.
	Value string
}

// Limits of AWS: API reference of Budgets, CreateBudget, and of Cost Explorer,
// CreateAnomalyMonitor; user guide, "Quotas".
const (
	maxNotices = 10
	// leastShare tells 0.8, a share, from 80, a share in percent.
	leastShare = 1
	mostShare  = 1000
)

var (
	namePattern = regexp.MustCompile(`^[^:\\]{1,100}$`)
	currencies  = []string{"USD", "CNY"}

	defaultActual   = []float64{80, 100}
	defaultForecast = []float64{100}
)

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Config) Validate() error {
	var p problems.Problems
	writtenOut(&p, "Name", c.Name)
	if !token.Is(c.Name) && !namePattern.MatchString(c.Name) {
		p.Want("Name", c.Name, `the budget's name ("shop-monthly"): 1 to 100 characters without : and \`)
	}
	amount(&p, "Amount", c.Amount, "what a month may cost, more than 0 (250)")
	switch {
	case c.Currency == "":
		p.Want("Currency", c.Currency, `the currency of Amount ("USD")`)
	case !slices.Contains(currencies, c.Currency):
		p.Want("Currency", c.Currency, `"USD", or "CNY" in China: AWS calculates in no other, whatever the bill is paid in`)
	}
	for _, f := range []struct{ field, value string }{{"Tag.Key", c.Tag.Key}, {"Tag.Value", c.Tag.Value}} {
		writtenOut(&p, f.field, f.value)
		if f.value == "" {
			p.Want(f.field, f.value, `the tag of what counts (Tag{"Environment", "production"})`)
		}
	}
	if !token.Is(c.Tag.Key) && !token.Is(c.Tag.Value) && c.Tag.Key != "" {
		shape.CheckTags(&p, "Tag", map[string]string{c.Tag.Key: c.Tag.Value}, 1)
	}
	shares(&p, "Actual", c.Actual)
	shares(&p, "Forecast", c.Forecast)
	if n := len(c.actual()) + len(c.forecast()); n > maxNotices {
		p.Want("Actual", problems.Text(fmt.Sprintf("%d shares with Forecast", n)), "at most %d: AWS tells of no more for a budget", maxNotices)
	}
	if c.AnomaliesFrom != 0 {
		amount(&p, "AnomaliesFrom", c.AnomaliesFrom, "what an anomaly comes to, more than 0 (20), or 0 to be told of none")
	}
	shape.TopicARN.Check(&p, "TopicARN", c.TopicARN)
	shape.ProviderAlias.CheckIfGiven(&p, "Provider", c.Provider)
	shape.CheckTags(&p, "Tags", c.Tags, shape.MaxTags)
	p.CheckTexts("", c)
	return p.Err()
}

// writtenOut refuses references where a filter or a text is made of the value.
func writtenOut(p *problems.Problems, field, value string) {
	if token.Is(value) {
		p.Want(field, value, "a value that is written out")
	}
}

func amount(p *problems.Problems, field string, v float64, want string) {
	if token.IsNumber(v) || math.IsNaN(v) || math.IsInf(v, 0) || v <= 0 {
		p.Want(field, v, "%s", want)
	}
}

// shares wants shares in percent, each once.
func shares(p *problems.Problems, field string, list []float64) {
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case v > 0 && v < leastShare:
			p.Want(at, v, "a share in percent: %g", math.Round(v*1e6)/1e4)
		case !(v >= leastShare && v <= mostShare):
			p.Want(at, v, "a share of Amount in percent, %d to %d (80)", leastShare, mostShare)
		case slices.Index(list, v) < i:
			p.Want(at, v, "each share once")
		}
	}
}

func (c Config) actual() []float64 {
	if c.Actual == nil {
		return defaultActual
	}
	return c.Actual
}

func (c Config) forecast() []float64 {
	if c.Forecast == nil {
		return defaultForecast
	}
	return c.Forecast
}
