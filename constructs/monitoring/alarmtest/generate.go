package alarmtest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

// Moment is a minute of a scenario, seen from what happens in it.
type Moment struct {
	// At is the time since the scenario began, at midnight UTC of a Monday.
	At time.Duration
	// Since is the time since what happens began, Of how long it lasts.
	Since, Of time.Duration
}

// Generator gives the value of a metric at a minute; NaN is no data.
type Generator func(Moment) float64

// Constant is always the same.
func Constant(v float64) Generator { return func(Moment) float64 { return v } }

// Gap is missing data.
func Gap() Generator { return Constant(math.NaN()) }

// Ramp goes from one value to another in a straight line.
func Ramp(from, to float64) Generator {
	return func(m Moment) float64 { return from + (to-from)*m.progress() }
}

// Spike rises to a peak in the middle, and falls again.
func Spike(base, peak float64) Generator {
	return func(m Moment) float64 { return base + (peak-base)*(1-math.Abs(2*m.progress()-1)) }
}

// Wave goes up and down with the day, lowest at 4 in the morning and highest at 4
// in the afternoon, with noise of up to a share of the distance between both. The
// noise of a seed is always the same.
func Wave(low, high, noise float64, seed uint64) Generator {
	return func(m Moment) float64 {
		day := (1 - math.Cos((m.At-4*time.Hour).Hours()/24*2*math.Pi)) / 2
		random := rand.New(rand.NewPCG(seed, uint64(m.At))).Float64()*2 - 1 //nolint:gosec // noise, no secret
		return max(min(low, high), min(max(low, high), low+(high-low)*(day+noise*random)))
	}
}

// progress is how much of what happens is over, from 0 to 1.
func (m Moment) progress() float64 {
	if m.Of <= 0 {
		return 1
	}
	return min(1, float64(m.Since)/float64(m.Of))
}

// Replay plays what a file has: rows of a time and a value
// ("2026-03-02T12:00:00Z,42.5"), in order of time, at whole minutes. It begins with
// its first row; minutes without a row, and those after the last one, have no data.
func Replay(file string) (Generator, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var points []evaluate.Point
	var errs []error
	for i, row := range rows {
		if len(row) != 2 {
			return nil, fmt.Errorf("%s: row %d has %d columns, want a time and a value", file, i+1, len(row))
		}
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(row[0]))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: row %d: is %q, want a time (2026-03-02T12:00:00Z)", file, i+1, row[0]))
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(row[1]), 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: row %d: is %q, want a number", file, i+1, row[1]))
		}
		points = append(points, evaluate.Point{Time: at, Value: v})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("%s: is empty, want rows of a time and a value", file)
	}
	s, err := evaluate.FromPoints(time.Minute, "", points)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return func(m Moment) float64 {
		if i := int(m.Since / time.Minute); i < len(s.Values) {
			return s.Values[i]
		}
		return math.NaN()
	}, nil
}

// Span is a part of a scenario's time.
type Span struct{ from, to time.Duration }

// At is from a time on to the end of the scenario.
func At(from time.Duration) Span { return Span{from, math.MaxInt64} }

// Between is from one time to another.
func Between(from, to time.Duration) Span { return Span{from, to} }

// Always is the whole scenario, and what alarms see of the time before it.
func Always() Span { return Span{math.MinInt64, math.MaxInt64} }
