package backtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Query is a statistic of a metric over a time.
type Query struct {
	// Metric has the statistic, and as its period the distance of two values.
	Metric cloudwatch.Metric
	// From and To are on the borders of periods. To is not part of it.
	From, To time.Time
}

// Len is how many values there are at most.
func (q Query) Len() int { return int(q.To.Sub(q.From) / q.Metric.Period) }

// String names the metric: "AWS/ECS CPUUtilization {…}, Average over 1m0s".
func (q Query) String() string {
	return fmt.Sprintf("%s, %s over %s", evaluate.ID(q.Metric), q.Metric.Stat, q.Metric.Period)
}

// Series is what CloudWatch has of a [Query]: a value for each period from From on, NaN
// where there is none.
type Series struct {
	Query
	Values []float64
}

// Add puts in values as GetMetricData returns them, in any order. What cannot be a value
// of the query is an error.
func (s *Series) Add(times []time.Time, values []float64) error {
	if len(times) != len(values) {
		return fmt.Errorf("the answer has %d times and %d values", len(times), len(values))
	}
	for i, at := range times {
		since := at.Sub(s.From)
		n := int(since / s.Metric.Period)
		switch v := values[i]; {
		case since%s.Metric.Period != 0:
			return fmt.Errorf("the answer has a value at %s, which is not the begin of a period", moment(at))
		case since < 0 || n >= len(s.Values):
			return fmt.Errorf("the answer has a value at %s, want %s to %s", moment(at), moment(s.From), moment(s.To))
		case math.IsNaN(v) || math.IsInf(v, 0):
			return fmt.Errorf("the answer has %v at %s, want a number", v, moment(at))
		case !math.IsNaN(s.Values[n]):
			return fmt.Errorf("the answer has two values at %s", moment(at))
		}
		s.Values[n] = values[i]
	}
	return nil
}

// Data is what was read of metrics. [Data.Write] keeps it for another time.
type Data struct {
	Region string
	// To is up to when it was read.
	To     time.Time
	series map[string]Series // by Query.String
}

// version is that of the file. One with another is refused.
const version = 1

type file struct {
	Version int          `json:"version"`
	Region  string       `json:"region"`
	To      time.Time    `json:"to"`
	Series  []fileSeries `json:"series"`
}

// fileSeries has null where there is no value.
type fileSeries struct {
	Namespace  string                 `json:"namespace"`
	Name       string                 `json:"name"`
	Dimensions []cloudwatch.Dimension `json:"dimensions,omitempty"`
	Unit       cloudwatch.Unit        `json:"unit,omitempty"`
	Stat       string                 `json:"stat"`
	Seconds    int                    `json:"period"`
	From       time.Time              `json:"from"`
	Values     []*float64             `json:"values"`
}

// ReadData reads a file that [Data.Write] wrote. It returns nil when there is none.
func ReadData(path, region string) (*Data, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*Data, error) {
		return nil, fmt.Errorf("%s: %w; delete it to have it written anew", path, fmt.Errorf(format, args...))
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return fail("is no data of a backtest: %w", err)
	}
	switch {
	case f.Version != version:
		return fail("version: is %d, want %d", f.Version, version)
	case f.Region != region:
		return fail("region: is %q, want %q", f.Region, region)
	case f.To.IsZero():
		return fail("to: is empty, want the time up to which the data was read")
	}
	d := &Data{Region: f.Region, To: f.To, series: map[string]Series{}}
	for i, s := range f.Series {
		read, err := s.series()
		if err != nil {
			return fail("series[%d], %s %s: %w", i, s.Namespace, s.Name, err)
		}
		if _, twice := d.series[read.String()]; twice {
			return fail("series[%d]: %s is there twice", i, read.Query)
		}
		d.series[read.String()] = read
	}
	return d, nil
}

func (f fileSeries) series() (Series, error) {
	period := time.Duration(f.Seconds) * time.Second
	// The evaluator knows what a series may be.
	if _, err := evaluate.FromPoints(period, f.Stat, nil); err != nil {
		return Series{}, err
	}
	if f.From.UnixNano()%int64(period) != 0 {
		return Series{}, fmt.Errorf("from: is %s, want the begin of a period of %s", moment(f.From), period)
	}
	s := Series{
		Query: Query{
			Metric: cloudwatch.Metric{Namespace: f.Namespace, Name: f.Name, Dimensions: f.Dimensions, OnlyUnit: f.Unit, Stat: f.Stat, Period: period},
			From:   f.From, To: f.From.Add(time.Duration(len(f.Values)) * period),
		},
		Values: make([]float64, len(f.Values)),
	}
	for i, v := range f.Values {
		s.Values[i] = math.NaN()
		if v != nil {
			s.Values[i] = *v
		}
	}
	return s, nil
}

// Write writes the file, or leaves the one that is there as it is.
func (d *Data) Write(path string) error {
	f := file{Version: version, Region: d.Region, To: d.To, Series: []fileSeries{}}
	for _, id := range slices.Sorted(maps.Keys(d.series)) {
		s := d.series[id]
		m := s.Metric
		written := fileSeries{
			Namespace: m.Namespace, Name: m.Name, Dimensions: m.Dimensions, Unit: m.OnlyUnit, Stat: m.Stat, Seconds: int(m.Period / time.Second),
			From: s.From, Values: make([]*float64, len(s.Values)),
		}
		for i, v := range s.Values {
			if !math.IsNaN(v) {
				written.Values[i] = &s.Values[i]
			}
		}
		f.Series = append(f.Series, written)
	}
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return WriteFile(path, append(text, '\n'))
}

// WriteFile writes a file, or leaves the one that is there as it is.
func WriteFile(path string, content []byte) error {
	half, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() { _ = os.Remove(half.Name()) }() // it is gone when all went well
	_, err = half.Write(content)
	err = cmp.Or(err, half.Chmod(0o644), half.Sync(), half.Close()) // as any other file
	if err == nil {
		err = os.Rename(half.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// NewData returns data of which there is none yet.
func NewData(region string, to time.Time) *Data {
	return &Data{Region: region, To: to, series: map[string]Series{}}
}

// Missing returns the queries that the data does not answer.
func (d *Data) Missing(queries []Query) []Query {
	var list []Query
	for _, q := range queries {
		if s, ok := d.series[q.String()]; !ok || s.From.After(q.From) || s.To.Before(q.To) {
			list = append(list, q)
		}
	}
	return list
}

// Put adds series, each in place of one of the same metric, statistic and period.
func (d *Data) Put(list ...Series) {
	for _, s := range list {
		d.series[s.String()] = s
	}
}

// AddTo gives the evaluator what answers a query; counts has the number of
// samples of each value, where they are wanted.
func (d *Data) AddTo(to evaluate.Data, q, counts Query) {
	s, ok := d.series[q.String()]
	series := evaluate.Series{Period: q.Metric.Period, Stat: q.Metric.Stat}
	if ok {
		series.Start, series.Values = s.From, s.Values
	}
	if n, ok := d.series[counts.String()]; ok && counts.Metric.Name != "" && len(series.Values) > 0 {
		series.Counts = make([]float64, len(s.Values))
		for i := range series.Counts {
			at := int(s.From.Add(time.Duration(i)*s.Metric.Period).Sub(n.From) / n.Metric.Period)
			if at >= 0 && at < len(n.Values) && !math.IsNaN(n.Values[at]) {
				series.Counts[i] = n.Values[at]
			}
		}
	}
	to.Add(q.Metric, series)
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
