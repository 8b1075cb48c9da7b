// Package pages holds the help that is not about one command: topics, the SQL
// statements that are ours, and a page for each error code. `psyql help NAME`
// and the prompt's \h print them.
package pages

import (
	"embed"
	"strings"
)

//go:embed *.txt
var files embed.FS

// Kind is what a page is about.
type Kind int

// The kinds of pages, by their names: lower case, upper case, PSY_.
const (
	Topic Kind = iota
	Statement
	Code
)

// Names lists the pages of a kind, as they are asked for, in alphabetical order.
func Names(k Kind) []string {
	entries, err := files.ReadDir(".")
	if err != nil { // the file system is in the binary
		return nil
	}
	var out []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".txt"); kindOf(name) == k {
			if k != Code {
				name = strings.ReplaceAll(name, "_", " ")
			}
			out = append(out, name)
		}
	}
	return out
}

func kindOf(name string) Kind {
	switch {
	case strings.HasPrefix(name, "PSY_"):
		return Code
	case strings.ToUpper(name) == name:
		return Statement
	}
	return Topic
}

// Find returns a page by its name in any case: "copy", "create table",
// "PSY_CONFLICT", with or without its brackets, or "conflict".
func Find(name string) (text string, ok bool) {
	name = strings.ReplaceAll(strings.Trim(strings.TrimSpace(name), "[]"), " ", "_")
	upper := strings.ToUpper(name)
	for _, file := range []string{strings.ToLower(name), upper, "PSY_" + upper} {
		if data, err := files.ReadFile(file + ".txt"); err == nil {
			return string(data), true
		}
	}
	return "", false
}

// Title is the first line of a page without its name.
func Title(name string) string {
	text, _ := Find(name)
	line, _, _ := strings.Cut(text, "\n")
	_, title, _ := strings.Cut(line, ": ")
	return title
}
