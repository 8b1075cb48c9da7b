package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestEveryOptionIsAnEnvironmentVariable: of every command, PSYQL_ and its name.
func TestEveryOptionIsAnEnvironmentVariable(t *testing.T) {
	samples := []string{"true", "1s", "1", "4GiB", "a=b", "text", "1\n2"}
	flags := func(i int) (string, *pflag.FlagSet) { // anew: one that is set may keep another out
		root := newRoot(&app{})
		cmd := append(root.Commands(), root)[i]
		fs := cmd.Flags()
		fs.AddFlagSet(cmd.InheritedFlags())
		fs.AddFlagSet(cmd.PersistentFlags())
		return cmd.Name(), fs
	}
	seen := 0
	for i := range len(newRoot(&app{}).Commands()) + 1 {
		command, all := flags(i)
		all.VisitAll(func(other *pflag.Flag) {
			_, fs := flags(i)
			f := fs.Lookup(other.Name)
			if f.Name == "help" || f.Name == "version" {
				return
			}
			name := "PSYQL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			asked := false
			taken := slices.ContainsFunc(samples, func(sample string) bool {
				err := fromEnvironment(fs, func(n string) (string, bool) {
					asked = asked || n == name
					return sample, n == name
				})
				return err == nil && f.Changed
			})
			if seen++; !taken || !asked {
				t.Errorf("%s: --%s was not set by %s", command, f.Name, name)
			}
		})
	}
	if seen < 40 {
		t.Errorf("only %d options were seen", seen)
	}
}

// TestProgressNeedsATerminalThatTakesItBack and a line that is one row of it.
func TestProgressNeedsATerminalThatTakesItBack(t *testing.T) {
	for term, want := range map[string]bool{"xterm-256color": true, "dumb": false} {
		a := &app{io: IO{ErrTerminal: true, Env: func(string) (string, bool) { return term, true }}}
		a.opts.progress = true
		if a.progressing() != want {
			t.Errorf("TERM=%s: progress %v", term, !want)
		}
	}
	a := &app{io: IO{Width: func() int { return 20 }}}
	if got := a.clip("a/very/long/path.sql:12, statement 3: 4s"); len([]rune(got)) != 19 || !strings.HasSuffix(got, "statement 3: 4s") {
		t.Errorf("%q", got)
	}
	if got := a.clip("short"); got != "short" {
		t.Errorf("%q", got)
	}
}
