package lex

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Position is a place in a script. Line and Col count from 1, Col in characters.
type Position struct {
	File      string
	Line, Col int
}

// String is "file.sql:12:7".
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Source is a script's text with its name, for positions and excerpts.
type Source struct {
	File, Text string
}

// Position is the place of byte off.
func (s *Source) Position(off int) Position {
	off = min(max(off, 0), len(s.Text))
	before := s.Text[:off]
	line := strings.LastIndexByte(before, '\n') + 1
	return Position{s.File, strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[line:]) + 1}
}

// Caret is the line of byte off, and below it a caret under the place. Long
// lines are cut around it.
func (s *Source) Caret(off int) string {
	const around = 60
	off = min(max(off, 0), len(s.Text))
	from := strings.LastIndexByte(s.Text[:off], '\n') + 1
	end := len(s.Text)
	if i := strings.IndexByte(s.Text[off:], '\n'); i >= 0 {
		end = off + i
	}
	before, after := []rune(s.Text[from:off]), []rune(strings.TrimRight(s.Text[off:end], "\r"))
	lead, tail := "", ""
	if len(before) > around {
		before, lead = before[len(before)-around:], "…"
	}
	if len(after) > around {
		after, tail = after[:around], "…"
	}
	var pad strings.Builder
	for i, piece := range strings.Split(lead+string(before), "\t") {
		if i > 0 {
			pad.WriteByte('\t') // so that the caret stands right at any tab width
		}
		pad.WriteString(strings.Repeat(" ", uniseg.StringWidth(piece)))
	}
	return lead + string(before) + string(after) + tail + "\n" + pad.String() + "^"
}

// Error is an error at a place of a script.
type Error struct {
	Position
	// Excerpt is the line with a caret below.
	Excerpt string
	Err     error
}

// Error is "file.sql:12:7: cause".
func (e *Error) Error() string { return e.Position.String() + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// At is err at byte off of the script.
func (s *Source) At(off int, err error) *Error {
	return &Error{s.Position(off), s.Caret(off), err}
}

// Statement is one statement of a script, without its semicolon.
type Statement struct {
	Source *Source
	// Start and End are its bytes in Source.Text: from its first token that is
	// not a comment to its last.
	Start, End int
	// Number counts from 1.
	Number int
	// Out is the name under which \out hands the result on; "" is none.
	Out    string
	tokens []Token
}

// Text is the statement as it was written.
func (s Statement) Text() string { return s.Source.Text[s.Start:s.End] }

// Position is where the statement begins.
func (s Statement) Position() Position { return s.Source.Position(s.Start) }

// Script is a text taken apart.
type Script struct {
	*Source
	Params     []Param
	Statements []Statement
}

// Parse splits a text into its statements. Empty ones and comments between
// them are left out. A line "\out name", in place of a statement's semicolon or
// behind it, sets its Out. An error is an *Error: a quote or comment that is not
// closed, a bad "-- @param" line, or another command with a backslash.
func Parse(file, text string) (*Script, error) {
	src := &Source{file, text}
	out := &Script{Source: src}
	tokens := Tokens(text)
	from := 0
	flush := func(to int) {
		for from < to && blank(tokens[from]) {
			from++
		}
		for to > from && blank(tokens[to-1]) {
			to--
		}
		if from < to {
			out.Statements = append(out.Statements, Statement{src, tokens[from].Start, tokens[to-1].End, len(out.Statements) + 1, "", tokens[from:to]})
		}
	}
	for i, t := range tokens {
		if t.Open {
			return nil, src.At(t.Start, fmt.Errorf("%s is not closed", opened(text[t.Start:t.End], t.Kind)))
		}
		if t.Kind == Semicolon || t.Kind == Command {
			flush(i)
			from = i + 1
		}
		if t.Kind == Command {
			if err := out.command(text[t.Start:t.End]); err != nil {
				return nil, src.At(t.Start, err)
			}
		}
	}
	flush(len(tokens))
	var err error
	out.Params, err = params(src, tokens)
	return out, err
}

// command obeys a line that begins with a backslash.
func (s *Script) command(line string) error {
	word, name, _ := strings.Cut(strings.TrimRight(line, " \t"), " ")
	name = strings.TrimSpace(name)
	switch {
	case word != `\out`:
		return fmt.Errorf(`%s is no command of scripts: they know \out name; at the prompt a command has a line of its own`, word)
	case !IsOutputName(name):
		return fmt.Errorf("%q is no name of an output: letters, digits, _ and -, a letter or _ first", name)
	case len(s.Statements) == 0:
		return fmt.Errorf(`\out %s follows no statement: it stands behind the one whose result it hands on`, name)
	}
	last := &s.Statements[len(s.Statements)-1]
	if last.Out != "" {
		return fmt.Errorf(`\out %s: the result of this statement is the output %s already`, name, last.Out)
	}
	last.Out = name
	return nil
}

// IsOutputName reports whether an output may have this name: it becomes a key
// of JSON, a word in a shell and the name of a file.
func IsOutputName(s string) bool {
	for i := range len(s) {
		letter := s[i] == '_' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || s[i] != '-' && !isDigit(s[i])) {
			return false
		}
	}
	return s != ""
}

func blank(t Token) bool { return t.Kind == Space || t.Kind == Comment }

func opened(text string, k Kind) string {
	switch {
	case k == Comment:
		return "the comment /*"
	case k == Quoted:
		return `the identifier "`
	case text[0] == '$':
		return "the text " + text[:strings.IndexByte(text[1:], '$')+2]
	}
	return "the text '"
}

// Complete reports whether a shell may run text: it ends in a semicolon or a
// command with a backslash (comments may follow) and no quote or comment is open.
func Complete(text string) bool {
	done := false
	for _, t := range Tokens(text) {
		if t.Open {
			return false
		}
		if !blank(t) {
			done = t.Kind == Semicolon || t.Kind == Command
		}
	}
	return done
}
