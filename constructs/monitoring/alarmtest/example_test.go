package alarmtest_test

import (
	"fmt"
	"os"
	"strings"
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

// The scenario of README.md and of the package's documentation.
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

// TestDocumentsShowTestDiskFills: what documents show is what is run.
func TestDocumentsShowTestDiskFills(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, code, _ := strings.Cut(read("example_test.go"), "func TestDiskFills")
	code, _, _ = strings.Cut("func TestDiskFills"+code, "\n}\n")
	for path, want := range map[string]string{
		"../README.md": code + "\n}\n",
		"alarmtest.go": "//\t" + strings.ReplaceAll(code, "\n", "\n//\t") + "\n//\t}\n",
	} {
		if !strings.Contains(read(path), want) {
			t.Errorf("%s does not show TestDiskFills as it is:\n%s", path, want)
		}
	}
}

// What happens, without a test that says what should.
func ExamplePlay() {
	const minute = time.Minute
	events, err := alarmtest.Play(shop, alarmtest.Scenario{
		Name:   "the service is at its limit for a quarter of an hour",
		Series: alarmtest.Healthy(shop).Set("web", "CPUUtilization", alarmtest.Constant(95), alarmtest.Between(60*minute, 75*minute)),
	})
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range events {
		fmt.Println(e.At, e.Alarm, e.State, e.Tells)
	}
	// Output:
	// 1h5m0s web/cpu-high ALARM [team@example.com]
	// 1h16m0s web/cpu-high OK [team@example.com]
}
