package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psyberg/engine/catalog"
)

const completionLong = `completion prints a script that completes psyql's commands, options and their values in a shell.

  bash   source <(psyql completion bash), in ~/.bashrc; with or without the package bash-completion
  zsh    psyql completion zsh > "${fpath[1]}/_psyql"
  fish   psyql completion fish > ~/.config/fish/completions/psyql.fish`

// shells are those that completion knows.
var shells = []string{"bash", "zsh", "fish"}

// newCompletion makes the command that prints a shell's completions.
func newCompletion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                   "completion bash|zsh|fish",
		Short:                 "Print completions for a shell",
		Long:                  completionLong,
		Example:               "  source <(psyql completion bash)",
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("completion: name one shell: bash, zsh or fish")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var b bytes.Buffer
			var err error
			switch args[0] {
			case "bash":
				err = bashCompletion(cmd.Root(), &b)
			case "zsh":
				err = cmd.Root().GenZshCompletion(&b)
			case "fish":
				err = cmd.Root().GenFishCompletion(&b, true)
			default:
				err = usageError{fmt.Errorf("completion: %q is none of bash, zsh, fish", args[0])}
			}
			if err != nil {
				return err
			}
			return write(a.io.Out, b.String())
		},
	}
}

// theirs is how cobra's script takes the line apart where bash-completion is
// loaded but old; without that package it fails at every Tab.
const theirs = `    _get_comp_words_by_ref "$@" cur prev words cword
`

// ours does it in bash alone: = and :, at which bash parts words, are joined again.
const ours = `    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local i word joins=""
    words=("${COMP_WORDS[0]}")
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $joins && $word || $word == [=:]* ]]; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        joins=""
        [[ $word == *[=:] ]] && joins=1
    done
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=${words[cword-1]}
`

// bashCompletion writes cobra's script so that it needs no package.
func bashCompletion(root *cobra.Command, b *bytes.Buffer) error {
	if err := root.GenBashCompletionV2(b, true); err != nil {
		return err
	}
	script := b.String()
	if strings.Count(script, theirs) != 1 {
		return fmt.Errorf("completion: cobra's script for bash is not the one that was known: %q is missing", theirs)
	}
	b.Reset()
	b.WriteString(strings.Replace(script, theirs, ours, 1))
	return nil
}

// addCompletions says which values options and arguments take, for the shells'
// completions. Registering fails for an option that is not there, or twice: a
// test runs them.
func addCompletions(a *app, root *cobra.Command) {
	fixed := func(cmd *cobra.Command, flag string, values []string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	for flag, values := range map[string][]string{
		"format": formatNames(), "log-format": {"text", "json"}, "log-level": {"debug", "info", "warn", "error"},
		"cache-dir": {cacheAuto, cacheOff},
	} {
		fixed(root, flag, values)
	}
	_ = root.RegisterFlagCompletionFunc("catalog", configured(func(file string) []string {
		c, err := catalog.Open(context.Background(), catalog.Config{File: file})
		if err != nil {
			return nil // a completion has no place for an error: the run itself will say it
		}
		defer func() { _ = c.Close() }() // nothing was connected to
		return c.Names()
	}))
	_ = root.RegisterFlagCompletionFunc("profile", configured(func(file string) []string {
		_, profiles, _ := readProfiles(file, a.io.Env)
		return slices.Sorted(maps.Keys(profiles))
	}))
	for _, cmd := range root.Commands() {
		for flag, values := range choices {
			if cmd.Annotations[stepKey] != "" && cmd.Flags().Lookup(flag) != nil {
				fixed(cmd, flag, values)
			}
		}
		known := func(*cobra.Command) []string { return nil }
		switch cmd.Name() {
		case "show":
			known = func(*cobra.Command) []string { return scriptNames() }
		case "man":
			known = commandNames
		case "completion":
			known = func(*cobra.Command) []string { return shells }
		}
		cmd.ValidArgsFunction = oneOf(known)
	}
}

// oneOf completes the first argument, and no file behind it.
func oneOf(known func(root *cobra.Command) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return known(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
	}
}

// configured completes names of the configuration file.
func configured(names func(file string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		file, _ := cmd.Flags().GetString("config")
		if file == "" {
			file = os.Getenv(envName("config"))
		}
		return names(file), cobra.ShellCompDirectiveNoFileComp
	}
}

// plainUsages takes the marks out of the options' words, which name what stands
// for a value in help, and which completions would show as they are.
func plainUsages(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		for _, fs := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			fs.VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
		}
	}
}
