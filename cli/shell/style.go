package shell

import "strings"

// Styles are SGR codes: the terminal's own sixteen colours, so that they suit
// its theme.
type Styles struct {
	// Color is false where NO_COLOR asks for none; bold, underline and reverse stay.
	Color bool
	// Bare is a terminal that knows no codes at all.
	Bare bool
}

// Codes of what is shown; those in colours have none under NO_COLOR.
const (
	styleKeyword  = "1;34"
	styleText     = "32"
	styleNumber   = "36"
	styleComment  = "90"
	styleVariable = "35"
	styleFunction = "36"
	styleCommand  = "35"
	stylePrompt   = "1"
	styleDim      = "90"
	styleError    = "31"
	styleWrong    = "4;31"
	styleHeader   = "1"
	styleChosen   = "7"
	styleMatch    = "4"
	styleBar      = "34"
	styleLate     = "31"
)

// Paint puts s in the style of code.
func (st Styles) Paint(code, s string) string {
	if s == "" || st.Bare || code == "" {
		return s
	}
	if !st.Color {
		var keep []string
		for _, c := range strings.Split(code, ";") {
			if len(c) == 1 {
				keep = append(keep, c)
			}
		}
		if len(keep) == 0 {
			return s
		}
		code = strings.Join(keep, ";")
	}
	return "\x1b[" + code + "m" + s + "\x1b[m"
}
