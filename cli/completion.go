package cli

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"
)

const completionLong = `completion prints a script that completes psyql's commands, options and their values in a shell.

  bash   source <(psyql completion bash), in ~/.bashrc
  zsh    psyql completion zsh > "${fpath[1]}/_psyql"
  fish   psyql completion fish > ~/.config/fish/completions/psyql.fish`

// newCompletion makes the command that prints a shell's completions.
func newCompletion(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:                   "completion bash|zsh|fish",
		Short:                 "Print completions for a shell",
		Long:                  completionLong,
		Example:               "  source <(psyql completion bash)",
		DisableFlagsInUseLine: true,
		ValidArgs:             shells,
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
				err = cmd.Root().GenBashCompletionV2(&b, true)
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

// addCompletions says which values options take, for the shells' completions.
func addCompletions(root *cobra.Command) {
	values := map[string][]string{
		"format": formatNames(), "log-format": {"text", "json"}, "log-level": {"debug", "info", "warn", "error"},
		"cache-dir": {cacheAuto, cacheOff},
	}
	for flag, list := range values {
		// The only error is a flag that is not there, or twice: a test runs the completions.
		_ = root.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
	}
	for _, cmd := range root.Commands() {
		switch {
		case cmd.Annotations[stepKey] != "":
			for flag, list := range choices {
				if cmd.Flags().Lookup(flag) != nil {
					_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
				}
			}
		case cmd.Name() == "show":
			cmd.ValidArgs = scriptNames()
		}
	}
}
