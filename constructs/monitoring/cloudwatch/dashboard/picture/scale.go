package picture

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// scale maps values to places between from and to.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 {
	return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
}

// niceTicks returns about n round numbers that cover low to high.
func niceTicks(low, high float64, n int) []float64 {
	if low == high {
		high = low + 1
	}
	step := niceStep((high - low) / float64(n))
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	ticks := make([]float64, 0, n+2)
	for i := first; i <= last; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

func niceStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if step := m * power; step >= rough*(1-1e-9) {
			return step
		}
	}
	return 10 * power
}

// format writes a number with three digits that count: 0.0123, 45.6, 12.3k, 2.5e-7.
func format(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e15) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
		n, _ := strconv.Atoi(exponent)
		return strings.TrimRight(strings.TrimRight(mantissa, "0"), ".") + "e" + strconv.Itoa(n)
	}
	suffix := ""
	for _, s := range []struct {
		size   float64
		suffix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= s.size {
			if s.suffix == "k" {
				s.size = 1e3
			}
			v, suffix = v/s.size, s.suffix
			break
		}
	}
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64) + suffix
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64) + suffix
}

var timeSteps = []time.Duration{
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// timeTicks returns at most n round times between from and to, and how to write
// them.
func timeTicks(from, to time.Time, n int) (ticks []time.Time, layout string) {
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if to.Sub(from) <= s*time.Duration(n) {
			step = s
			break
		}
	}
	layout = "15:04"
	if step >= 24*time.Hour {
		layout = "2 Jan"
	}
	at := from.UTC().Truncate(step)
	if at.Before(from) {
		at = at.Add(step)
	}
	for ; !at.After(to); at = at.Add(step) {
		ticks = append(ticks, at)
	}
	return ticks, layout
}
