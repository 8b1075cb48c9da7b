// Package tour runs the examples of the README: every command of a fenced
// block marked "console", in order, in one folder, and compares what it prints
// with what the README says that it prints.
package tour

import (
	"fmt"
	"regexp"
	"strings"
)

// Step is one command of a page with what the page says it prints.
type Step struct {
	Line    int    // of the command in the page, from 1
	Lines   int    // that the command takes
	Command string // for sh
	Want    string // what it prints, without logs; "..." stands for any text, a line of it for any lines
}

// Steps returns the commands of a Markdown page's blocks that open with
// "```console". A command follows "$ " and goes on in the lines below it that
// begin with "> ". An error names the line.
func Steps(page string) ([]Step, error) {
	var steps []Step
	inside, first := false, false
	for i, line := range strings.Split(page, "\n") {
		switch {
		case !inside:
			inside = strings.TrimSpace(line) == "```console"
			first = true
		case strings.TrimSpace(line) == "```":
			inside = false
		case !first && steps[len(steps)-1].Want == "" && strings.HasPrefix(line, "> "):
			last := &steps[len(steps)-1]
			last.Command += "\n" + line[2:]
			last.Lines++
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, Step{Line: i + 1, Lines: 1, Command: line[2:]})
			first = false
		case first:
			return nil, fmt.Errorf("line %d: output before the first command of its block: begin a command with \"$ \"", i+1)
		default:
			steps[len(steps)-1].Want += line + "\n"
		}
	}
	if inside {
		return nil, fmt.Errorf("a console block is not closed")
	}
	return steps, nil
}

// Rewrite returns the page with what its steps say in the places of what they
// printed; steps are those of Steps(page), each with a Want of its own.
func Rewrite(page string, steps []Step) string {
	lines := strings.SplitAfter(page, "\n")
	var out strings.Builder
	at := 0
	for _, s := range steps {
		for ; at < s.Line-1+s.Lines; at++ {
			out.WriteString(lines[at])
		}
		for at < len(lines) && !strings.HasPrefix(lines[at], "$ ") && strings.TrimSpace(lines[at]) != "```" {
			at++
		}
		out.WriteString(s.Want)
	}
	for ; at < len(lines); at++ {
		out.WriteString(lines[at])
	}
	return out.String()
}

// Matches reports whether got is what the step says. Blanks at the ends of
// lines do not count.
func (s Step) Matches(got string) bool {
	var pattern strings.Builder
	pattern.WriteString(`(?s)^`)
	for _, line := range strings.Split(strings.TrimRight(s.Want, "\n"), "\n") {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		parts := strings.Split(strings.TrimRight(line, " "), "...")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, `[^\n]*`) + `\n`)
	}
	pattern.WriteString(`$`)
	return regexp.MustCompile(pattern.String()).MatchString(trimLines(got))
}

func trimLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}
