package main

import (
	"strings"
	"testing"
)

func TestWriteAlarms(t *testing.T) {
	var out strings.Builder
	err := writeAlarms(&out, "shop/", []alarmRow{
		{group: groupOf("AWS/RDS"), name: "shop/postgres/cpu-high", words: "> 80 %", severity: "warning", notifies: []string{"a@example.com"}, heldBy: "shop/maintenance"},
		{group: groupOf("Shop"), name: "shop/maintenance", words: "> 0", severity: "warning", notifies: []string{"a@example.com"}},
		{group: "Speak for others", name: "shop/web/down", words: `ALARM("shop/web/tasks-missing")`, severity: "critical", notifies: []string{"a@example.com"}},
		{group: groupOf("AWS/ECS"), name: "shop/web/tasks-missing", words: "< 1", severity: "critical"},
		{group: groupOf("ECS/ContainerInsights"), name: "shop/web/tasks-pending", words: "> 0", severity: "warning", notifies: []string{"a@example.com"}, heldBy: "shop/web/down"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `    ALARM                   CONDITION                 SEVERITY  NOTIFIES          HELD BACK BY
  Services
    shop/web/tasks-missing  < 1                       critical  nobody by itself
    shop/web/tasks-pending  > 0                       warning   a@example.com     web/down
  Database
    shop/postgres/cpu-high  > 80 %                    warning   a@example.com     maintenance
  Others
    shop/maintenance        > 0                       warning   a@example.com
  Speak for others
    shop/web/down           ALARM(web/tasks-missing)  critical  a@example.com
`
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
