package picture

import (
	"fmt"
	"math"
	"strconv"
)

// The backgrounds of widgets in both colour schemes: --surface in page.css.
const (
	lightSurface = "#ffffff"
	darkSurface  = "#161b22"
)

// lineContrast is what WCAG 2.2 asks for between a line and its background (1.4.11,
// "Non-text Contrast").
const lineContrast = 3

// ownColor is a colour that a dashboard sets itself, as it can be told from the
// background of each colour scheme.
type ownColor struct{ Light, Dark string }

// newOwnColor returns nil for what is no colour to CloudWatch: it knows six digits only.
func newOwnColor(color string) *ownColor {
	c, ok := parseColor(color)
	if !ok {
		return nil
	}
	return &ownColor{
		Light: c.towards(rgb{0, 0, 0}, lightSurface),
		Dark:  c.towards(rgb{255, 255, 255}, darkSurface),
	}
}

// rgb has the channels of a colour, 0 to 255.
type rgb [3]float64

func parseColor(s string) (c rgb, ok bool) {
	if len(s) != 7 || s[0] != '#' {
		return c, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return rgb{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}, err == nil
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

// towards mixes in as little of another colour as gives enough contrast.
func (c rgb) towards(other rgb, surface string) string {
	const steps = 20
	mixed := c.String()
	for step := 1; contrast(mixed, surface) < lineContrast && step <= steps; step++ {
		var m rgb
		for i := range m {
			m[i] = c[i] + (other[i]-c[i])*float64(step)/steps
		}
		mixed = m.String()
	}
	return mixed
}

// contrast is the contrast ratio of WCAG between two colours, 1 to 21.
func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(color string) float64 {
	c, _ := parseColor(color)
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}
