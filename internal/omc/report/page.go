package report

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Page is what a verb did or found, for people. Every result has one.
type Page struct {
	// Title says how it ended, in one line: "omc deploy staging: succeeded".
	Title string
	// Columns are the titles of the columns of Rows.
	Columns []string
	Rows    [][]string
	// Notes are lines below the table.
	Notes []string
	// Error is why the verb did not succeed. It is part of the Markdown only: as text
	// it goes to another place.
	Error string
}

// WriteText writes the page as a terminal shows it.
func (p Page) WriteText(w io.Writer) {
	fmt.Fprintln(w, printable(p.Title))
	if len(p.Rows) > 0 {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, strings.Join(p.Columns, "\t"))
		for _, row := range p.Rows {
			fmt.Fprintln(table, printable(strings.Join(row, "\t")))
		}
		_ = table.Flush()
	}
	for _, note := range p.Notes {
		fmt.Fprintln(w, printable(note))
	}
}

// WriteMarkdown writes the page as GitHub Actions shows it below a run.
func (p Page) WriteMarkdown(w io.Writer) {
	fmt.Fprintf(w, "### %s\n", markdown(p.Title))
	if len(p.Rows) > 0 {
		fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(p.Columns, " | "), strings.Repeat("---|", len(p.Columns)))
		for _, row := range p.Rows {
			fmt.Fprintf(w, "| %s |\n", markdown(strings.Join(row, "\t")))
		}
	}
	for _, text := range []string{strings.Join(p.Notes, "\n"), p.Error} {
		if text = strings.Trim(text, "\n"); text != "" {
			fmt.Fprintf(w, "\n```\n%s\n```\n", strings.ReplaceAll(text, "```", "` ` `"))
		}
	}
	fmt.Fprintln(w)
}

// markdown returns text, whose tabs separate cells of a table, in such a way that it
// looks like that in Markdown.
func markdown(text string) string {
	return strings.NewReplacer("\t", " | ", "|", `\|`, "<", "&lt;", "`", "'", "*", `\*`, "_", `\_`, "\n", " ").Replace(text)
}

// colors are what programs write to color their output.
var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// printable returns text in which nothing moves the cursor, changes the terminal or the
// direction of writing: it comes from logs, files and AWS. Line ends and tabs stay, colors
// are left out, and everything else is made visible.
func printable(text string) string {
	var out strings.Builder
	for _, char := range colors.ReplaceAllString(text, "") {
		if char != '\n' && char != '\t' && (unicode.IsControl(char) || unicode.Is(unicode.Bidi_Control, char)) {
			quoted := strconv.QuoteRune(char)
			out.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		out.WriteRune(char)
	}
	return out.String()
}
