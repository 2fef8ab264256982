// Command preview plays a scenario on the alarms of an environment, prints what
// happens, and draws the dashboards as they then look, without AWS: make preview
// ENV=staging. It is a program of its own because it links the constructs.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/alarmtest"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/dashboard/picture"
	"github.com/ohmycoins/infra/stacks"
	"github.com/ohmycoins/infra/stacks/environment"
)

func main() {
	if err := run(os.Stdout, os.Args[1:], "cdktf.out"); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// run prints the scenario and writes the page below dir.
func run(out io.Writer, args []string, dir string) error {
	names := strings.Join(environment.Names(), " or ")
	if len(args) != 1 {
		return fmt.Errorf("ENV: want %s: make preview ENV=%s", names, environment.Names()[0])
	}
	env, ok := environment.Lookup(args[0])
	if !ok {
		return fmt.Errorf("ENV: is %q, want %s", args[0], names)
	}
	cfg := stacks.Monitoring(env)
	scenario := incident(cfg)
	events, err := alarmtest.Play(cfg, scenario)
	if err != nil {
		return err
	}
	page, err := alarmtest.Picture(cfg, scenario, alarmtest.Between(from, to))
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := picture.Write(&html, page); err != nil {
		return err
	}
	path := filepath.Join(dir, "preview", env.Name+".html")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if err := os.WriteFile(path, html.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	fmt.Fprintf(out, "\nScenario on the alarms of %s: %s\n", env.Name, scenario.Name)
	if err := timeline(out, events); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe dashboard as it then looks: %s\n", path)
	return nil
}

// from and to are what the page shows of the scenario.
const (
	from = 8 * time.Hour
	to   = 14 * time.Hour
)

// incident is a morning on which the database's disk fills up, and a release at ten
// that answers with errors until it is rolled back.
func incident(cfg monitoring.Config) alarmtest.Scenario {
	const disk = 40 * monitoring.GiB
	return alarmtest.Scenario{
		Name: "the disk fills up, and a release answers with errors",
		Series: alarmtest.Healthy(cfg).
			Set("", "Maintenance", alarmtest.Gap(), alarmtest.Always()).
			Set("postgres", "FreeStorageSpace", alarmtest.Ramp(0.9*disk, 0.02*disk), alarmtest.Between(6*time.Hour, 13*time.Hour)).
			Set("postgres", "FreeStorageSpace", alarmtest.Constant(0.95*disk), alarmtest.At(13*time.Hour)).
			Set("backend", "CPUUtilization", alarmtest.Constant(93), alarmtest.Between(10*time.Hour, 10*time.Hour+25*time.Minute)).
			Set("alb", "HTTPCode_Target_5XX_Count", alarmtest.Constant(14), alarmtest.Between(10*time.Hour, 10*time.Hour+25*time.Minute)).
			Set("api-availability", "HTTPCode_ELB_5XX_Count", alarmtest.Constant(1), alarmtest.Between(10*time.Hour, 10*time.Hour+5*time.Minute)),
	}
}

func timeline(out io.Writer, events []alarmtest.Event) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	words := map[cloudwatch.State]string{cloudwatch.InAlarm: "goes off", cloudwatch.OK: "is over", cloudwatch.InsufficientData: "has no data"}
	for _, e := range events {
		told := "nobody is told"
		if len(e.Tells) > 0 {
			told = "tells " + strings.Join(e.Tells, ", ")
		}
		fmt.Fprintf(table, "  %02d:%02d\t%s\t%s\t%s\n", int(e.At.Hours()), int(e.At.Minutes())%60, e.Alarm, words[e.State], told)
	}
	return table.Flush()
}
