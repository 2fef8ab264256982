package alarmtest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/alarmtest"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
)

func TestPicture(t *testing.T) {
	cfg := monitoring.Config{
		Name: "shop", Region: "ap-southeast-2",
		Notify: map[monitoring.Severity][]monitoring.Target{
			monitoring.Critical: {monitoring.Email("oncall@example.com")}, monitoring.Warning: {monitoring.Email("team@example.com")},
		},
		Resources: []monitoring.Resource{
			monitoring.RDS{Key: "postgres", Instance: "shop-postgres"},
			monitoring.ECSService{Key: "web", Cluster: "shop", Service: "shop-web", ContainerInsights: true},
		},
	}
	scenario := alarmtest.Scenario{Name: "the disk fills", Series: alarmtest.Healthy(cfg).
		Set("postgres", "FreeStorageSpace", alarmtest.Constant(5*monitoring.GiB), alarmtest.At(6*time.Hour))}
	page, err := alarmtest.Picture(cfg, scenario, alarmtest.Between(3*time.Hour, 9*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := picture.Write(&html, page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>shop</h1>",
		"Scenario: the disk fills · sample values where no alarm looks · <time>2026-03-02 03:00</time> to <time>2026-03-02 09:00</time>",
		`<span class="name">postgres/storage-low</span> <span class="state">in alarm</span>`,
		"in alarm from 2026-03-02 06:0",
		"postgres free 5", // divided into GiB, as the graph says
		"web running ",    // nothing alarms on it: sample values
	} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html.String(), "${") {
		t.Error("the page has a label that is not filled in")
	}

	cfg.NoDashboard = true
	if _, err := alarmtest.Picture(cfg, scenario, alarmtest.Always()); err == nil || !strings.Contains(err.Error(), "Dashboards") {
		t.Errorf("error without a dashboard: %v", err)
	}
	if _, err := alarmtest.Picture(cfg, alarmtest.Scenario{Name: "empty"}, alarmtest.Always()); err == nil || !strings.Contains(err.Error(), "Series: is nil") {
		t.Errorf("error without series: %v", err)
	}
}

// TestPictureOfARange draws a graph that adds up more than the page shows.
func TestPictureOfARange(t *testing.T) {
	alb := monitoring.ALB{Key: "alb", ARNSuffix: "app/shop/1", TargetGroups: map[string]string{"web": "targetgroup/web/2"}}
	topic := []monitoring.Target{monitoring.Topic("arn:aws:sns:ap-southeast-2:000000000000:team")}
	cfg := monitoring.Config{
		Name: "shop", Region: "ap-southeast-2",
		Notify:    map[monitoring.Severity][]monitoring.Target{monitoring.Critical: topic, monitoring.Warning: topic},
		Resources: []monitoring.Resource{monitoring.SLO{Key: "web", Objective: 99.5, Of: alb.Availability("web")}},
	}
	// Of 500 requests a minute in the six days before and the 20 hours of the scenario half
	// of the budget fails in one hour.
	budget := 0.005 * 500 * (6*24 + 20) * 60
	scenario := alarmtest.Scenario{Name: "errors", Series: alarmtest.Healthy(cfg).
		Set("web", "RequestCount", alarmtest.Constant(500), alarmtest.Always()).
		Set("web", "HTTPCode_Target_5XX_Count", alarmtest.Constant(budget/2/60), alarmtest.Between(10*time.Hour, 11*time.Hour))}
	page, err := alarmtest.Picture(cfg, scenario, alarmtest.Between(15*time.Hour, 20*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := picture.Write(&html, page); err != nil {
		t.Fatal(err)
	}
	if want := "web budget left 50"; !strings.Contains(html.String(), want) {
		t.Errorf("the page does not say %q", want)
	}
}
