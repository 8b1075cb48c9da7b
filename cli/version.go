package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"
	"github.com/spf13/cobra"
)

// newVersion makes the command that says what this binary is made of.
func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of psyql and of what it is built with",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			return write(a.io.Out, strings.Join(versions(), "\n")+"\n")
		},
	}
}

// Set by the linker in a release (.ci/dist); a plain build knows both from
// Go's build information, where there is any.
var release, commit string

// version is psyql's own version, as sessions record it.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// versions are lines of name and version, psyql first.
func versions() []string {
	self, at := version(), ""
	if commit != "" {
		at = " " + commit
	}
	found := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && at == "" {
				at = " " + s.Value
			}
		}
		for _, d := range info.Deps {
			found[d.Path] = d.Version
		}
	}
	lines := []string{"psyql " + self + at, "duckdb " + mapping.LibraryVersion()}
	for _, d := range []struct{ name, path string }{
		{"duckdb-go", "github.com/duckdb/duckdb-go/v2"},
		{"iceberg-go", "github.com/apache/iceberg-go"},
		{"arrow-go", "github.com/apache/arrow-go/v18"},
	} {
		if v := found[d.path]; v != "" {
			lines = append(lines, d.name+" "+v)
		}
	}
	return append(lines, fmt.Sprintf("go %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH))
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}
