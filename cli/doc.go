// Package cli is psyql: flags, the script runner, the workflow steps, the plain
// prompt, and the exit codes.
//
// Commands never touch the terminal: they see an IO. A command is a file, with
// its parts in one order: constructor with help, options, flags, run. exit.go is
// the one table from errors to exit codes, report.go from errors to words.
package cli
