// Package cli is psyql: flags, commands, the script runner, the exit codes.
package cli
