package surface

import "strings"

// QuoteIdent returns s as a quoted SQL identifier: for functions that write
// SQL (Query), the one way to put a name into it.
func QuoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// QuoteLiteral returns s as a SQL text literal: likewise for values.
func QuoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
