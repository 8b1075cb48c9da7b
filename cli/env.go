package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"psyberg/functions/meta"
)

// envName is the environment variable of a flag: --catalog-uri is
// PSYQL_CATALOG_URI, --process_name PSYQL_PROCESS_NAME.
func envName(flag string) string {
	return "PSYQL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets the flags that were not given from PSYQL_* and, below
// that, from the profile. A repeatable flag takes one value a line.
func fromEnvironment(fs *pflag.FlagSet, env func(string) (string, bool)) error {
	// A script given on the command line is the whole script: PSYQL_FILE and
	// PSYQL_COMMAND then stay out.
	given := fs.Changed("file") || fs.Changed("command")
	var err error
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Changed || err != nil || f.Name == "help" || given && (f.Name == "file" || f.Name == "command") {
			return
		}
		if text, ok := env(envName(f.Name)); ok && text != "" {
			if e := setFlag(fs, f, text); e != nil {
				err = usageError{fmt.Errorf("environment variable %s: %w", envName(f.Name), e)}
			}
		}
	})
	return err
}

func setFlag(fs *pflag.FlagSet, f *pflag.Flag, text string) error {
	values := []string{text}
	switch f.Value.Type() {
	case "stringArray", "variable", "file":
		values = strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	}
	for _, v := range values {
		if err := fs.Set(f.Name, v); err != nil {
			return err
		}
	}
	return nil
}

// fromProfile sets the flags that neither the command line nor the environment
// sets from the profile of that name in the configuration file:
//
//	profile:
//	  nightly: {catalog: prod, format: jsonl, timeout: 30m}
//
// A profile may hold options of several steps; a command takes those it has.
func fromProfile(cmd *cobra.Command, name, file string, env func(string) (string, bool)) error {
	path, profiles, err := readProfiles(file, env)
	if err != nil {
		return err
	}
	values, ok := profiles[name]
	if !ok {
		var names []string
		for n := range profiles {
			names = append(names, n)
		}
		slices.Sort(names)
		return fmt.Errorf("profile %q: not found in %s%s", name, path, meta.Suggest(name, names))
	}
	fs := cmd.Flags()
	for key, v := range values {
		f := fs.Lookup(key)
		if f == nil {
			if known := allFlags(cmd.Root()); !slices.Contains(known, key) {
				return fmt.Errorf("profile %q of %s: no option is named %q%s", name, path, key, meta.Suggest(key, known))
			}
			continue
		}
		if f.Changed {
			continue
		}
		if err := setFlag(fs, f, profileText(v)); err != nil {
			return fmt.Errorf("profile %q of %s: %s: %w", name, path, key, err)
		}
	}
	return nil
}

// allFlags are the names of the options of all commands.
func allFlags(root *cobra.Command) []string {
	var names []string
	for _, c := range append(root.Commands(), root) {
		for _, fs := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// profileText is a value as it would stand on the command line.
func profileText(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = fmt.Sprint(e)
	}
	return strings.Join(lines, "\n")
}

func readProfiles(file string, env func(string) (string, bool)) (string, map[string]map[string]any, error) {
	paths := []string{file}
	if file == "" {
		paths = []string{"psyql.yaml"}
		if home, ok := env("HOME"); ok && home != "" {
			paths = append(paths, home+"/psyql.yaml")
		}
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && file == "" {
			continue
		}
		if err != nil {
			return path, nil, fmt.Errorf("read configuration %s: %w", path, err)
		}
		var doc struct {
			Profile map[string]map[string]any `yaml:"profile"`
		}
		if err := yaml.Unmarshal(data, &doc); err != nil {
			return path, nil, fmt.Errorf("read configuration %s: %w", path, err)
		}
		return path, doc.Profile, nil
	}
	return "psyql.yaml", nil, errors.New("profile: there is no psyql.yaml, in ./ or ~/")
}
