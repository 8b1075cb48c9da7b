// Package shell is psyql on a terminal: an editor for statements of many lines,
// completion, history, a pager, and the commands with a backslash.
//
// The parts, from the outside in:
//
//   - Prompt (run.go) is the program on a terminal; Plain (plain.go) the loop
//     over lines where the terminal is dumb or one of the streams is none.
//   - model (model.go, keys.go, view.go) is the state of the screen, a pure
//     function of the messages it gets: tests type keys and read the view
//     without a terminal. Text lives in buffer.go, colours in paint.go, rows of
//     the screen in layout.go.
//   - Desk (desk.go) is what commands work with; a command is an entry of a list
//     (commands.go) and a file cmd_*.go. Commands write to Desk.Out and never to
//     the terminal.
//   - Screen (screen.go) is the format.Writer of results: a box where it fits,
//     else the pager (pager.go), or row by row (\x).
//   - completer (complete.go, context.go, sources.go) says what may stand at the
//     cursor, hint.go what an argument means.
//
// Splitting and colours come from engine/lex, the one lexer.
package shell
