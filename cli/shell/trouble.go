package shell

import (
	"context"
	"errors"
	"strings"

	"psyberg/engine/lex"
)

// Trouble is an error as the prompt shows it: the words, and the line with the
// place underlined.
func (d *Desk) Trouble(err error) string {
	text := d.Words(err)
	at := (*lex.Error)(nil)
	if !errors.As(err, &at) {
		return d.complaint(text)
	}
	// The place stands below; which of many statements it was, the file says.
	if strings.HasPrefix(at.File, "<") || strings.HasPrefix(at.File, `\`) {
		text = strings.TrimPrefix(text, at.Position.String()+": ")
	}
	if unset := (*lex.UnsetError)(nil); errors.As(err, &unset) {
		text += " at the start, or \\set " + unset.Name + " VALUE"
	}
	out := d.complaint(text)
	line, caret, ok := strings.Cut(at.Excerpt, "\n")
	if !ok || d.Secret != nil && d.Secret(line) {
		return out
	}
	return out + d.underlined(line, above(line, caret)) + "\n"
}

// complaint is the text of an error, on lines that fit.
func (d *Desk) complaint(text string) string {
	width, _ := d.Size()
	lines := strings.Split(strings.TrimRight("error: "+text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = wrap(l, width, "  ")
	}
	return d.Styles.Paint(styleError, "error: ") + strings.TrimPrefix(strings.Join(lines, "\n"), "error: ") + "\n"
}

// outcome is what is said of how a piece has ended, "" where nothing is.
func (d *Desk) outcome(ctx context.Context, err error) string {
	switch {
	case err == nil || errors.Is(err, ErrQuit):
		return ""
	case errors.Is(context.Cause(ctx), ErrInterrupted):
		return "interrupted\n"
	}
	return d.Trouble(err)
}

// above is the byte of a line that the caret of an excerpt points to.
func above(line, caret string) int {
	at, want := 0, len(caret)-len("^")
	for i := range line + " " { // of all bytes so far to the left the last: accents take no cell
		if spaces := cells(strings.ReplaceAll(line[:i], "\t", " ")); spaces <= want {
			at = i
		}
	}
	return at
}

// underlined is a line with the word at byte at underlined, and a caret
// below it where the terminal has no underline.
func (d *Desk) underlined(line string, at int) string {
	end := at
	for _, t := range lex.Tokens(line) {
		if t.Start <= at && at < t.End {
			end = t.End
		}
	}
	if end == at { // behind the last word
		return line + "\n" + strings.Repeat(" ", cells(line[:at])) + d.Styles.Paint(styleError, "^")
	}
	out := d.Styles.Highlight(line[:at]) + d.Styles.Paint(styleWrong, line[at:end]) + d.Styles.Highlight(line[end:])
	var pad strings.Builder
	for _, r := range line[:at] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteString(strings.Repeat(" ", cells(string(r))))
		}
	}
	return out + "\n" + pad.String() + d.Styles.Paint(styleError, strings.Repeat("^", max(1, cells(line[at:end]))))
}
