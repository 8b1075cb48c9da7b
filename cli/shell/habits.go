package shell

import "strings"

// elsewhere are commands of psql and of the shells of DuckDB and SQLite, and what
// does the same here.
var elsewhere = map[string]string{
	".tables": `\dt`, ".schema": `\d TABLE`, ".databases": `\l`, ".mode": `\format`, ".timer": `\timing`,
	".read": `\i FILE`, ".output": `\o FILE`, ".once": `\o FILE`, ".edit": `\e`, ".open": "ATTACH",
	`\g`: "a semicolon", `\gx`: `\x on`, `\pset`: `\format`, `\a`: `\format`, `\t`: `\format list`, `\H`: `\format markdown`,
	`\c`: "USE, and --catalog at the start,", `\connect`: "USE, and --catalog at the start,", `\du`: `\dn`, `\dv`: `\dt`, `\di`: `\d TABLE`,
	`\copy`: "COPY", `\echo`: "SELECT", `\r`: "Ctrl-C", `\p`: `\e`, `\w`: `\e FILE`, `\ir`: `\i FILE`, `\!`: "Ctrl-Z", `\conninfo`: `\l`,
}

// habit is the command behind a line that other shells obey without a backslash:
// exit, quit and help alone, and whatever begins with a dot, as no SQL does.
func habit(line string) (command string, ok bool) {
	line = strings.TrimSpace(line)
	switch strings.TrimPrefix(strings.ToLower(strings.TrimRight(line, "; ")), ".") {
	case "exit", "quit":
		return `\q`, true
	case "help":
		return `\?`, true
	}
	return line, len(line) > 1 && line[0] == '.' && (line[1]|0x20) >= 'a' && (line[1]|0x20) <= 'z'
}

// IsCommand reports whether what is typed is a command, which ends with its line.
func IsCommand(text string) bool {
	if strings.HasPrefix(strings.TrimLeft(text, " \t\n"), `\`) {
		return true
	}
	_, ok := habit(text)
	return ok
}
