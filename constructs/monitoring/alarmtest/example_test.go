package alarmtest_test

import (
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/alarmtest"
)

var shop = monitoring.Config{
	Name:   "shop",
	Region: "ap-southeast-2",
	Notify: map[monitoring.Severity][]monitoring.Target{
		monitoring.Critical: {monitoring.Email("oncall@example.com")},
		monitoring.Warning:  {monitoring.Email("team@example.com")},
	},
	Resources: []monitoring.Resource{
		monitoring.ECSService{Key: "web", Cluster: "shop", Service: "shop-web"},
		monitoring.RDS{Key: "postgres", Instance: "shop-postgres"},
	},
}

// The scenario of README.md.
func TestDiskFills(t *testing.T) {
	alarmtest.Run(t, shop, alarmtest.Scenario{
		Name: "the disk fills in six hours",
		Series: alarmtest.Healthy(shop).
			Set("postgres", "FreeStorageSpace", alarmtest.Ramp(20*monitoring.GiB, 0), alarmtest.Between(0, 6*time.Hour)),
		Want: []alarmtest.Event{
			{At: 3*time.Hour + 2*time.Minute, Alarm: "postgres/storage-low", State: "ALARM", Tells: []string{"oncall@example.com"}},
			{At: 6 * time.Hour, Within: 10 * time.Minute, Alarm: "postgres/storage-low", State: "OK"},
		},
	})
}
