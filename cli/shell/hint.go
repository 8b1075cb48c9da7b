package shell

import "strings"

// hint is what is known of the argument that is being typed: the call, with the
// argument marked, and what it means. "" where there is nothing to say.
func (c *completer) hint(text string, at int) (call, about string) {
	if IsCommand(text) {
		name, _, inArg := strings.Cut(strings.TrimSpace(text), " ")
		if cmd := find(name); cmd != nil && (inArg || strings.HasSuffix(text, " ")) && cmd.args != "" {
			return cmd.names[0] + " " + c.desk.Styles.Paint(styleMatch, cmd.args), cmd.help
		}
		return "", ""
	}
	p := placeAt(text, at)
	if p.call == nil {
		return "", ""
	}
	f, ok := c.docs[p.call.function]
	if !ok {
		return "", ""
	}
	var parts []string
	for i, a := range f.args() {
		name := a.Name
		now := p.call.named == a.Name || p.call.named == "" && i == p.call.position && i < len(f.positional)
		if i >= len(f.positional) {
			name += " :="
		}
		if now {
			about = strings.TrimSpace(a.TypeName() + "  " + a.Doc)
			// What stands before it is less than what comes after: the call may be long.
			if len(parts) > 3 {
				parts = append(parts[:1], "…")
			}
			name = c.desk.Styles.Paint(styleMatch+";1", name)
		}
		parts = append(parts, name)
	}
	if about == "" {
		about, _, _ = strings.Cut(f.doc, "\n")
	}
	return f.name + "(" + strings.Join(parts, ", ") + ")", about
}
