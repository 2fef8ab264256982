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
	for _, res := range w.resources() {
		if w.isWatched(res) {
			continue
		}
		at := dimensions(cloudwatch.Metric{Dimensions: res.dimensions})
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
	for _, key := range sorted {
		res := byKey[key]
		if !slices.ContainsFunc(list, func(o resource) bool { return o.namespace == res.namespace && contains(res.dimensions, o.dimensions) }) {
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

// isWatched reports whether an alarm of the account is on a resource, on a part of it, or
// on what it is a part of.
func (w *World) isWatched(res resource) bool {
	for _, a := range w.Metrics {
		for _, q := range a.Queries {
			on := q.Metric.Dimensions
			if len(on) > 0 && (contains(on, res.dimensions) || contains(res.dimensions, on)) {
				return true
			}
		}
	}
	return false
}

// contains reports whether all has every dimension of part.
func contains(all, part []cloudwatch.Dimension) bool {
	return !slices.ContainsFunc(part, func(d cloudwatch.Dimension) bool { return !slices.Contains(all, d) })
}
