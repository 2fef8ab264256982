package monitoring

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/internal/problems"
)

// balancer is a load balancer with a target group.
var balancer = ALB{Key: "alb", ARNSuffix: "app/shop/1", TargetGroups: map[string]string{"web": "targetgroup/web/2"}}

func availability(change func(*SLO)) SLO {
	s := SLO{Key: "web-availability", Objective: 99.5, Of: balancer.Availability("web")}
	if change != nil {
		change(&s)
	}
	return s
}

func TestBadSLO(t *testing.T) {
	const day = 24 * time.Hour
	const percentage = "a percentage from 90 to less than 100"
	objective := func(o float64) SLO { return availability(func(s *SLO) { s.Objective = o }) }
	burns := func(b ...Burn) SLO { return availability(func(s *SLO) { s.Burns = b }) }
	of := func(i Indicator) SLO { return availability(func(s *SLO) { s.Of = i }) }
	traffic := func(objective, perDay float64) SLO {
		return availability(func(s *SLO) { s.Objective, s.RequestsPerDay = objective, perDay })
	}
	hour := Burn{Rate: 14.4, Long: time.Hour, Short: 5 * time.Minute, Severity: Critical}
	latency := balancer.Latency("web", time.Second)
	percent := latency
	percent.Of.Unit = cloudwatch.Percent
	tests := []struct {
		name string
		slo  SLO
		want []string
	}{
		{"availability", availability(nil), nil},
		{"latency", of(latency), nil},
		{"enough traffic", traffic(99.5, 5760), nil},
		{"lowest objective", objective(90), nil},
		{"100", objective(100), []string{"Objective: is 100, want " + percentage + ": 100 leaves no error budget, and the first bad request would break it for the whole window; write 99.9, or what you can keep"}},
		{"share", objective(0.995), []string{"Objective: is 0.995, want " + percentage + ": write 99.5 for 0.995 of all requests"}},
		{"share of all", objective(1), []string{"Objective: is 1, want " + percentage + ": below 90, more than every tenth request may be bad, and nothing much is promised; write 99, or what users need"}},
		{"low", objective(89.9), []string{"Objective: is 89.9, want " + percentage + ": below 90, more than every tenth request may be bad, and nothing much is promised; write 99, or what users need"}},
		{"none", objective(0), []string{"Objective: is 0, want " + percentage + ": below 90, more than every tenth request may be bad, and nothing much is promised; write 99, or what users need"}},
		{"above", objective(995), []string{"Objective: is 995, want " + percentage + ": there are no more than 100 in a hundred; write 99.5"}},
		{"negative", objective(-1), []string{"Objective: is -1, want " + percentage}},
		{"not a number", objective(math.NaN()), []string{"Objective: is NaN, want " + percentage}},
		{"too fine", objective(99.999999999999), []string{"Objective: is 99.999999999999, want " + percentage + ": its error budget is smaller than one request of ten thousand million"}},
		{"reference", objective(math.Float64frombits(0xFFEFFFFFFFFFFFFF&^(0xFFFF<<48) | 0xFBFF<<48)), []string{
			"Objective: is a reference, want a number that is written out, because a threshold is calculated from it: " + percentage,
		}},
		{"nothing", SLO{Key: "s"}, []string{
			"Objective: is 0, want " + percentage + ": below 90, more than every tenth request may be bad, and nothing much is promised; write 99, or what users need",
			"Of: is nil, want what is measured: an Availability, a Latency or an Indicator of your own",
		}},
		{"window in days", availability(func(s *SLO) { s.Window = 30 }), []string{"Window: is 30ns, want 0 (the default of 30 days) or whole days up to 90: 28 * 24 * time.Hour"}},
		{"window of a year", availability(func(s *SLO) { s.Window = 365 * day }), []string{"Window: is 8760h0m0s, want 0 (the default of 30 days) or whole days up to 90: 28 * 24 * time.Hour"}},
		{"window of burns", availability(func(s *SLO) { s.Window = 2 * day }), []string{"Window: is 48h0m0s, want more than 3 days, which the longest of the default Burns looks at; or Burns with shorter windows"}},
		{"requests", availability(func(s *SLO) { s.MinRequests, s.RequestsPerDay = -1, -5 }), []string{
			"MinRequests: is -1, want 0 (the default of 20) or more",
			"RequestsPerDay: is -5, want how many requests there are on a usual day, or 0 when nobody knows",
		}},
		{"budget below a request", traffic(99.99, 100), []string{
			"Objective: is 99.99, want one that lets at least one request of Window be bad: of the 3000 in 30 days it lets 0.3; write a longer Window, or at most 99.96",
		}},
		{"budget below a request, and very few", traffic(99.5, 0.1), []string{
			"Objective: is 99.5, want one that lets at least one request of Window be bad: of the 3 in 30 days it lets 0.015; write a longer Window, or an objective for something that happens more often",
		}},
		{"windows below a burn", traffic(99.5, 1000), []string{
			"RequestsPerDay: is 1000, want at least 5760 for the burn rate of 14.4: 5m have 3.5 requests, and fewer than 20 cannot tell a burn from one bad request; write Burns with longer windows, or a lower Objective",
			"RequestsPerDay: is 1000, want at least 1632 for the burn rate of 6: 30m have 20.8 requests, and fewer than 34 cannot tell a burn from one bad request; write Burns with longer windows, or a lower Objective",
		}},
		{"burn twice", burns(hour, hour), []string{"Burns[1].Long: is 1h0m0s, want each window once"}},
		{"burn of nothing", burns(Burn{}), []string{
			"Burns[0].Rate: is 0, want 1 or more: at less, the budget outlasts the window",
			"Burns[0].Long: is 0s, want whole minutes from 2 up to a day, or whole days up to seven: CloudWatch has no period longer than a day, and no alarm looks at more than seven days",
			"Burns[0].Short: is 0s, want whole minutes, up to a day and less than Long; a twelfth of Long is usual",
			`Burns[0].Severity: is "", want a severity that Notify has, such as critical or warning`,
		}},
		{"burn beyond CloudWatch", burns(Burn{1, 8 * day, 36 * time.Hour, Warning}, Burn{1, 36 * time.Hour, time.Hour, Warning}), []string{
			"Burns[0].Long: is 192h0m0s, want whole minutes from 2 up to a day, or whole days up to seven: CloudWatch has no period longer than a day, and no alarm looks at more than seven days",
			"Burns[0].Short: is 36h0m0s, want whole minutes, up to a day and less than Long; a twelfth of Long is usual",
			"Burns[1].Long: is 36h0m0s, want whole minutes from 2 up to a day, or whole days up to seven: CloudWatch has no period longer than a day, and no alarm looks at more than seven days",
		}},
		{"burn as long as the window", availability(func(s *SLO) { s.Window, s.Burns = 3*day, []Burn{{1, 3 * day, 6 * time.Hour, Warning}} }), []string{
			"Burns[0].Long: is 72h0m0s, want less than Window, 3 days",
		}},
		{"burn that nothing reaches", burns(Burn{250, time.Hour, 5 * time.Minute, Silent}), []string{
			"Burns[0].Rate: is 250, want less than 200: with an objective of 99.5 % that is the rate when every request is bad, so that the alarm could never go off",
			`Burns[0].Severity: is "silent", want a severity that Notify has, such as critical or warning`,
		}},
		{"target group", of(balancer.Availability("wbe")), []string{
			`Of.Requests.Dimensions[1].Value: is "", want 1 to 1024 characters`,
			`Of.Failed[0].Dimensions[1].Value: is "", want 1 to 1024 characters`,
		}},
		{"failed", of(Availability{Requests: balancer.Availability("web").Requests.WithStat(cloudwatch.Average)}), []string{
			"Of.Requests.Stat: is \"Average\", want Sum or SampleCount, which count",
			"Of.Failed: is 0, want 1 to 9 metrics that count what fails: an alarm takes ten in all",
		}},
		{"within", of(balancer.Latency("web", 0)), []string{"Of.Within: is 0s, want how long a request may take, such as 500 * time.Millisecond"}},
		{"unit", of(percent), []string{`Of.Of.Unit: is "Percent", want Seconds, Milliseconds or Microseconds, so that Within can be compared with it`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, problem := range problems.List(test.slo.Validate()) {
				got = append(got, problem.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			cfg := application()
			cfg.Resources = []Resource{test.slo}
			if err := cfg.Validate(); (err == nil) != (test.want == nil) {
				t.Errorf("the configuration: %v", err)
			}
		})
	}
}

// TestBurns checks what the alarms of an objective ask for.
func TestBurns(t *testing.T) {
	describe := func(s SLO) []string {
		var list []string
		for _, a := range s.Watch().Alarms {
			text := fmt.Sprintf("%s %s %s", a.ID, a.Severity, a.Condition())
			if m, ok := cloudwatch.SeriesOf(a.When).(cloudwatch.Math); ok {
				text += " of " + m.Expression
			}
			list = append(list, strings.ReplaceAll(text, s.Key+"/", ""))
		}
		return list
	}
	const failed = "IF(FILL(MAX([requests, SUM([failed1, failed2])]), 0) >= %d, FILL(SUM([failed1, failed2]), 0) / MAX([requests, SUM([failed1, failed2])]) / %s, 0)"
	of := func(few int, budget string) string { return " of " + fmt.Sprintf(failed, few, budget) }
	if diff := cmp.Diff([]string{
		"burn-1h-long silent > 14.4 for 60 minutes" + of(70, "0.001"),
		"burn-1h-short silent > 14.4 for 5 minutes" + of(70, "0.001"),
		"burn-1h critical burn-1h-long and burn-1h-short",
		"burn-6h-long silent > 6 for 6 hours" + of(167, "0.001"),
		"burn-6h-short silent > 6 for 30 minutes" + of(167, "0.001"),
		"burn-6h critical burn-6h-long and burn-6h-short",
		"burn-3d-1of3 silent > 3 in 1 of 3 periods of 24 hours" + of(334, "0.001"),
		"burn-3d-2of3 silent > 1.5 in 2 of 3 periods of 24 hours" + of(667, "0.001"),
		"burn-3d-3of3 silent > 1 for 3 days" + of(1000, "0.001"),
		"burn-3d-short silent > 1 for 6 hours" + of(1000, "0.001"),
		"burn-3d warning (burn-3d-1of3 or burn-3d-2of3 or burn-3d-3of3) and burn-3d-short",
	}, describe(availability(func(s *SLO) { s.Objective = 99.9 }))); diff != "" {
		t.Errorf("99.9 %% (-want +got):\n%s", diff)
	}
	// At 92 % no share of bad requests is 14.4 times what may be bad.
	low := describe(availability(func(s *SLO) { s.Objective = 92 }))
	if len(low) != 8 || !strings.HasPrefix(low[0], "burn-6h-long silent") {
		t.Errorf("92 %%: alarms are %q, want those of six hours and of three days", low)
	}
	slow := describe(SLO{Key: "s", Objective: 99, MinRequests: 50, Of: balancer.Latency("web", 250*time.Millisecond), Burns: []Burn{
		{Rate: 10, Long: 90 * time.Minute, Short: 10 * time.Minute, Severity: "page"},
	}})
	if diff := cmp.Diff([]string{
		"burn-90m-long silent > 10 for 90 minutes of IF(FILL(requests, 0) >= 50, FILL(slow, 0) / requests / 0.01, 0)",
		"burn-90m-short silent > 10 for 10 minutes of IF(FILL(requests, 0) >= 50, FILL(slow, 0) / requests / 0.01, 0)",
		"burn-90m page burn-90m-long and burn-90m-short",
	}, slow); diff != "" {
		t.Errorf("latency (-want +got):\n%s", diff)
	}
}

// TestLatencyUnits checks the limit in the unit of the metric.
func TestLatencyUnits(t *testing.T) {
	for unit, want := range map[cloudwatch.Unit]string{
		cloudwatch.Seconds: "TC(0.25:)", cloudwatch.Milliseconds: "TC(250:)", cloudwatch.Microseconds: "TC(250000:)",
	} {
		l := balancer.Latency("web", 250*time.Millisecond)
		l.Of.Unit = unit
		if got := l.Events().Using["slow"].Stat; got != want || !cloudwatch.IsStatistic(got) {
			t.Errorf("%s: the statistic is %s, want %s", unit, got, want)
		}
	}
}

// TestSilent checks that an alarm that tells nobody is a part of one that does.
func TestSilent(t *testing.T) {
	cpu := ECSService{Key: "web", Cluster: "c", Service: "s"}.Watch().Alarms[0]
	part := Alarm{Resource: "web", ID: "part", Severity: Silent, When: cpu.When, Window: cpu.Window, Missing: cpu.Missing, FirstStep: "Nothing."}
	whole := Alarm{ID: "whole", Severity: Critical, When: cloudwatch.Composite{Rule: cloudwatch.AllOf("web/part")}, FirstStep: "Look."}
	cfg := Config{
		Name: "shop", Region: "ap-southeast-2", Extra: []Alarm{part, whole}, NoDashboard: true,
		Notify: map[Severity][]Target{Critical: {Topic("arn:aws:sns:ap-southeast-2:000000000000:pager")}},
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	metric, composite := cfg.Definitions()
	if len(metric[0].Actions.Alarm)+len(metric[0].Actions.OK) > 0 || len(composite[0].Actions.Alarm) != 1 {
		t.Errorf("actions are %v and %v, want those of the composite alone", metric[0].Actions, composite[0].Actions)
	}
	cfg.Extra = cfg.Extra[:1]
	cfg.Notify[Silent] = cfg.Notify[Critical]
	want := `Notify["silent"]: is 1 targets, want none: nobody is told of silent alarms
Extra[0] (web/part).Severity: is "silent", want a severity that Notify has, or a composite alarm that names it: nobody would ever hear of it`
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

// TestRange checks that a panel with a time of its own has it on the dashboard.
func TestRange(t *testing.T) {
	cfg := application()
	cfg.Resources = []Resource{availability(func(s *SLO) { s.Window = 28 * 24 * time.Hour })}
	if body := cfg.DashboardBodies()[cfg.Name].String(); !strings.Contains(body, `"title":"Service levels: error budget left over 28 days"`) || strings.Count(body, `"start":"-P28D"`) != 1 {
		t.Errorf("the dashboard is %s", body)
	}
	cfg.Panels = []Panel{{ID: "p", Title: "P", Range: time.Hour, Lines: []Line{{Of: availability(nil).left()}}}}
	want := "Panels (p).Range: is 1h0m0s, want 0 (what the reader has chosen) or whole days"
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
