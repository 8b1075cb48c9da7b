package pages

import (
	"strings"
	"testing"
)

// TestEveryPageHasItsParts: a title that begins with its name, an example, no
// long line; of a code, what happened and what to do.
func TestEveryPageHasItsParts(t *testing.T) {
	for _, kind := range []Kind{Topic, Statement, Code} {
		names := Names(kind)
		if len(names) < 4 {
			t.Errorf("kind %d has the pages %v", kind, names)
		}
		for _, name := range names {
			text, ok := Find(name)
			if !ok || !strings.HasPrefix(text, name+": ") || Title(name) == "" {
				t.Errorf("%s: not found, or its first line is not its name and title: %.60q", name, text)
			}
			parts := []string{"\nExample\n  "}
			if kind == Code {
				parts = append(parts, "\nWhat happened\n  ", "\nWhat to do\n  ", "(exit ")
			}
			for _, part := range parts {
				if !strings.Contains(text, part) {
					t.Errorf("%s: no %q", name, part)
				}
			}
			for _, line := range strings.Split(text, "\n") {
				if len([]rune(line)) > 120 {
					t.Errorf("%s: long line %q", name, line)
				}
			}
		}
	}
}

func TestFind(t *testing.T) {
	for asked, want := range map[string]string{
		"copy": "COPY: ", "Create Table": "CREATE TABLE: ", "PSY_CONFLICT": "PSY_CONFLICT: ",
		"[psy_conflict]": "PSY_CONFLICT: ", "conflict": "PSY_CONFLICT: ", " outputs ": "outputs: ",
	} {
		if text, ok := Find(asked); !ok || !strings.HasPrefix(text, want) {
			t.Errorf("Find(%q) = %.20q, want %q", asked, text, want)
		}
	}
	for _, asked := range []string{"", "../pages", "nothing", "pages.go"} {
		if text, ok := Find(asked); ok {
			t.Errorf("Find(%q) = %.20q", asked, text)
		}
	}
}
