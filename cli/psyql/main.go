// Command psyql runs SQL over Iceberg metadata: scripts, the steps of a Psyberg
// workflow, and a prompt. `psyql --help` says how; package cli is all of it.
package main

import (
	"context"
	"os"

	"psyberg/cli"
)

func main() { os.Exit(cli.Main(context.Background(), os.Args[1:], cli.System())) }
