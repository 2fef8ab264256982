package audit

import (
	"slices"
	"strings"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// index has what the checks ask once for each alarm, so that an audit takes as long as
// there are alarms and metrics, not as long as their product.
type index struct {
	// names are those of all alarms, others those whose types the model does not have.
	names, others map[string]bool
	// listed are the metrics that CloudWatch lists, by [evaluate.ID].
	listed map[string]bool
	// places are where any metric comes from: namespaces with dimensions.
	places map[string]bool
	// sent are the dimensions with which a metric is sent, by its namespace and name:
	// each once, sorted.
	sent map[string][]string
}

func newIndex(w World) *index {
	x := &index{names: map[string]bool{}, others: map[string]bool{}, listed: map[string]bool{}, places: map[string]bool{}, sent: map[string][]string{}}
	for _, a := range w.Metrics {
		x.names[a.Name] = true
	}
	for _, a := range w.Composites {
		x.names[a.Name] = true
	}
	for _, a := range w.Others {
		x.names[a.Name], x.others[a.Name] = true, true
	}
	for namespace, metrics := range w.Listed {
		for _, m := range metrics {
			at := dimensions(m)
			x.listed[evaluate.ID(m)] = true
			x.places[namespace+" "+at] = true
			x.sent[namespace+" "+m.Name] = append(x.sent[namespace+" "+m.Name], at)
		}
	}
	for metric, list := range x.sent {
		slices.Sort(list)
		x.sent[metric] = slices.Compact(list)
	}
	return x
}

// isListed reports whether CloudWatch lists a metric, in whatever unit.
func (x *index) isListed(m cloudwatch.Metric) bool { return x.listed[evaluate.ID(everyUnit(m))] }

// isThere reports whether what the dimensions name sends any metric.
func (x *index) isThere(m cloudwatch.Metric) bool { return x.places[m.Namespace+" "+dimensions(m)] }

// sentWith are the dimensions with which a metric of this name is sent.
func (x *index) sentWith(m cloudwatch.Metric) []string { return x.sent[m.Namespace+" "+m.Name] }

// places are sets of dimensions: of what alarms watch, or of resources.
type places struct {
	// byNames are the texts of the sets with the same names of dimensions.
	byNames map[string]map[string]bool
	names   map[string][]string
}

func (p *places) add(set []cloudwatch.Dimension) {
	if p.byNames == nil {
		p.byNames, p.names = map[string]map[string]bool{}, map[string][]string{}
	}
	var names []string
	for _, d := range sortedDimensions(set) {
		names = append(names, d.Name)
	}
	key := strings.Join(names, ",")
	if p.byNames[key] == nil {
		p.byNames[key], p.names[key] = map[string]bool{}, names
	}
	p.byNames[key][text(set)] = true
}

// within returns the texts of those sets of which every dimension is in another one.
func (p *places) within(set []cloudwatch.Dimension) []string {
	var list []string
	for key, names := range p.names {
		part := slices.DeleteFunc(slices.Clone(set), func(d cloudwatch.Dimension) bool { return !slices.Contains(names, d.Name) })
		if len(part) == len(names) && p.byNames[key][text(part)] {
			list = append(list, text(part))
		}
	}
	return list
}

func text(set []cloudwatch.Dimension) string { return dimensions(cloudwatch.Metric{Dimensions: set}) }

// watched returns the resources, by the texts of their dimensions, that an alarm of the
// account is on, or that what an alarm is on is a part of, or has as a part.
func (w *World) watched(resources []resource) map[string]bool {
	var on, of places
	for _, r := range resources {
		of.add(r.dimensions)
	}
	found := map[string]bool{}
	for _, a := range w.Metrics {
		for _, q := range a.Queries {
			if set := q.Metric.Dimensions; len(set) > 0 {
				on.add(set)
				for _, part := range of.within(set) {
					found[part] = true
				}
			}
		}
	}
	for _, r := range resources {
		if len(on.within(r.dimensions)) > 0 {
			found[text(r.dimensions)] = true
		}
	}
	return found
}
