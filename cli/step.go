package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psyberg/engine/lex"
	"psyberg/sql"
)

// step is a command that runs the script of its name in package sql. The
// script's parameters are the command's options, their comments the help.
type step struct {
	name, short, long, example string
	// check looks at what the script will read, so that a broken file is exit 1
	// and not an error of SQL; may be nil.
	check  func(lex.Vars) error
	script *lex.Script
	given  map[string]*string // option values by name
	lists  map[string]*[]string
}

// switches are options that need no value; lists are repeatable, and reach the
// script separated by commas.
var (
	switches = map[string]bool{"require_audits": true, "delete": true}
	lists    = map[string]bool{"force_audit": true}
)

// choices are the values that an option takes, where they are few.
var choices = map[string][]string{
	"etl_pattern_id":    {"1", "2"},
	"on_gap":            {"error", "recover"},
	"on_rollback":       {"error", "recover"},
	"on_overwrite":      {"error", "skip", "added"},
	"on_missing_bounds": {"error", "partition", "read"},
	"on_threshold":      {"error", "clip"},
	"load_type":         {"range", "changed"},
}

// stepKey is the annotation of a command that is a step of a workflow.
const stepKey = "step"

// newStep makes the command of a step.
func newStep(a *app, s *step) *cobra.Command {
	cmd := &cobra.Command{
		Use: s.name + " [flags]", Short: s.short, Long: s.long, Example: s.example,
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		Annotations:           map[string]string{stepKey: s.name},
	}
	text, err := sql.Files.ReadFile(s.name + ".sql")
	if err == nil {
		s.script, err = lex.Parse(s.name+".sql", string(text))
	}
	if err != nil {
		panic(fmt.Sprintf("embedded script %s: %v", s.name, err)) // a test runs every command's help
	}
	cmd.Long += fmt.Sprintf("\n\nIt runs the script that 'psyql show %s' prints; a copy of it, changed, is run with psyql -f.", s.name)
	cmd.Flags().SortFlags = false
	inGroup(cmd.Flags(), groupStep, s.addFlags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		vars, err := s.vars(cmd.Flags())
		if err != nil {
			return err
		}
		if s.check != nil {
			if err := s.check(vars); err != nil {
				return err
			}
		}
		a.lineage = newLineage(a, vars["process_name"].Text+"."+s.name)
		return a.runParsed(cmd.Context(), []*lex.Script{s.script}, vars)
	}
	return cmd
}

func (s *step) addFlags(fs *pflag.FlagSet) {
	s.given, s.lists = map[string]*string{}, map[string]*[]string{}
	for _, p := range s.script.Params {
		usage := strings.ReplaceAll(p.Doc, "\n", " ")
		if !p.HasDefault {
			usage += " (required)"
		} else if !p.Default.Null && p.Default.Text != "" {
			usage += " (default " + p.Default.Text + ")"
		}
		if lists[p.Name] {
			s.lists[p.Name] = fs.StringArray(p.Name, nil, usage+"; repeatable")
			continue
		}
		v := &textFlag{kind: "text"}
		if c := choices[p.Name]; c != nil {
			v.kind = strings.Join(c, "|")
		}
		fs.Var(v, p.Name, usage)
		s.given[p.Name] = &v.text
		if switches[p.Name] {
			v.kind = "bool" // shown without a value
			fs.Lookup(p.Name).NoOptDefVal = "true"
		}
	}
}

// textFlag is the value of an option: any text; kind is what help shows for it.
type textFlag struct{ text, kind string }

func (f *textFlag) String() string { return f.text }

// Type implements pflag.Value.
func (f *textFlag) Type() string { return f.kind }

// Set implements pflag.Value.
func (f *textFlag) Set(s string) error { f.text = s; return nil }

// vars are the options that were given, checked. What was not given is left to
// the script's defaults.
func (s *step) vars(fs *pflag.FlagSet) (lex.Vars, error) {
	vars := lex.Vars{}
	var missing []string
	for _, p := range s.script.Params {
		switch given := fs.Changed(p.Name); {
		case !given && !p.HasDefault:
			missing = append(missing, "--"+p.Name)
		case !given:
		case lists[p.Name]:
			vars[p.Name] = lex.Value{Text: strings.Join(*s.lists[p.Name], ",")}
		default:
			v := *s.given[p.Name]
			if v == "" && !p.HasDefault {
				return nil, usageError{fmt.Errorf("%s: --%s is empty", s.name, p.Name)}
			}
			if c := choices[p.Name]; c != nil && !slices.Contains(c, v) {
				return nil, usageError{fmt.Errorf("%s: --%s %q is none of %s", s.name, p.Name, v, strings.Join(c, ", "))}
			}
			vars[p.Name] = lex.Value{Text: v}
		}
	}
	if len(missing) > 0 {
		verb := " is required"
		if len(missing) > 1 {
			verb = " are required"
		}
		return nil, usageError{errors.New(s.name + ": " + strings.Join(missing, ", ") + verb)}
	}
	return vars, nil
}
