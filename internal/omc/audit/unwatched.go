package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
)

// recommended returns for the metrics of a namespace for which AWS recommends alarms,
// the sets of dimensions that it means.
func recommended(namespace string) map[string][][]string {
	all := map[string][][]string{}
	for _, name := range cloudwatch.MetricNames(namespace) {
		m, _ := cloudwatch.LookUp(namespace, name)
		for _, r := range m.Recommended {
			if len(r.Dimensions) > 0 {
				all[name] = append(all[name], r.Dimensions)
			}
		}
	}
	return all
}

// resource is something that sends metrics.
type resource struct {
	namespace  string
	dimensions []cloudwatch.Dimension
	// metrics are those on which AWS recommends alarms.
	metrics map[string]bool
}

// checkUnwatched wants an alarm, whoever made it, on each resource for which AWS
// recommends some.
func (w *World) checkUnwatched(r *report) {
	resources := w.resources()
	watched := w.watched(resources)
	for _, res := range resources {
		at := text(res.dimensions)
		if watched[at] {
			continue
		}
		r.add(fmt.Sprintf("resource %s %s", res.namespace, at), "unwatched", "no alarm watches it; AWS recommends alarms on "+strings.Join(slices.Sorted(maps.Keys(res.metrics)), ", "),
			"add it to the monitoring construct's Resources, or make these alarms")
	}
}

// resources returns the resources that metrics of this world are of, coarsest first,
// without those that are a part of another one.
func (w *World) resources() []resource {
	byKey := map[string]resource{}
	for namespace, metrics := range w.Listed {
		wanted := recommended(namespace)
		for _, m := range metrics {
			at := dimensions(m)
			if !strings.Contains(at, w.Part) || !slices.ContainsFunc(wanted[m.Name], func(want []string) bool { return hasDimensions(m, want) }) {
				continue
			}
			key := namespace + " " + at
			if _, known := byKey[key]; !known {
				byKey[key] = resource{namespace, m.Dimensions, map[string]bool{}}
			}
			byKey[key].metrics[m.Name] = true
		}
	}
	sorted := slices.SortedFunc(maps.Keys(byKey), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byKey[a].dimensions), len(byKey[b].dimensions)), cmp.Compare(a, b))
	})
	var list []resource
	coarser := map[string]*places{} // by namespace
	for _, key := range sorted {
		res := byKey[key]
		if coarser[res.namespace] == nil {
			coarser[res.namespace] = &places{}
		}
		if of := coarser[res.namespace]; len(of.within(res.dimensions)) == 0 {
			of.add(res.dimensions)
			list = append(list, res)
		}
	}
	return list
}

// hasDimensions reports whether a metric has exactly the dimensions that AWS means:
// "InstanceId", or with a value "Role=WRITER".
func hasDimensions(m cloudwatch.Metric, want []string) bool {
	return len(m.Dimensions) == len(want) && !slices.ContainsFunc(want, func(text string) bool {
		name, value, valued := strings.Cut(text, "=")
		return !slices.ContainsFunc(m.Dimensions, func(d cloudwatch.Dimension) bool {
			return d.Name == name && (!valued || d.Value == value)
		})
	})
}
