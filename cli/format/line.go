package format

// OneLine is s as it may stand in one line of a terminal: what would move the
// cursor or change colours is written as an escape.
func OneLine(s string) string { return oneLine(s) }

// Numeric reports whether a column of that DuckDB type stands to the right.
func Numeric(typ string) bool { return numeric(typ) }
