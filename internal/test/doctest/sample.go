package doctest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// compareSample returns what a sample shows that an output could never look like.
// A sample is another day's output, so that values differ, and it may leave out lines.
// What has to agree is its form: the number of columns, the keys of JSON, and of omc,
// which is this project's own, every word.
func compareSample(code, sample, output string) []string {
	var problems []string
	shown, printed := strings.Split(sample, "\n"), strings.Split(output, "\n")
	for _, line := range shown {
		if row := cells(line); len(row) > 1 && !slices.Contains(widths(row, printed), len(row)) {
			problems = append(problems, fmt.Sprintf("the sample has a line of %d columns, the output has none: %q", len(row), line))
		}
	}
	for _, key := range jsonKey.FindAllString(sample, -1) {
		if !strings.Contains(output, key) {
			problems = append(problems, fmt.Sprintf("the sample has the key %s the output does not have it", key))
		}
	}
	if usesOMC.MatchString(code) {
		for _, line := range shown {
			if !slices.ContainsFunc(printed, func(p string) bool { return sameWords(line, p) }) {
				problems = append(problems, fmt.Sprintf("omc prints no line such as %q", line))
			}
		}
	}
	return problems
}

var (
	usesOMC = regexp.MustCompile(`(?m)^\s*omc `)
	jsonKey = regexp.MustCompile(`"[A-Za-z]+":`)
	// varies matches words that differ from run to run: with a digit, a name in capitals
	// such as ACCOUNT_ID, or shortened with dots.
	varies = regexp.MustCompile(`[0-9]|[A-Z]_[A-Z]|\.\.\.`)
)

// cells returns the columns of a line of a table of "|", or of text with tabs.
func cells(line string) []string {
	line = strings.TrimSpace(line)
	separator := "\t"
	if strings.HasPrefix(line, "|") {
		line, separator = strings.Trim(line, "|"), "|"
	}
	row := strings.Split(line, separator)
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

// widths returns how many columns those lines of an output have that begin as a row
// does, or when none does, all lines.
func widths(row, output []string) []int {
	var same, all []int
	for _, line := range output {
		printed := cells(line)
		all = append(all, len(printed))
		if printed[0] == row[0] {
			same = append(same, len(printed))
		}
	}
	if len(same) > 0 {
		return same
	}
	return all
}

// sameWords says whether two lines agree in each word that does not vary.
func sameWords(sample, output string) bool {
	want, got := strings.Fields(sample), strings.Fields(output)
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || varies.MatchString(w) })
}
