package write

import (
	"strings"
)

// copy reads a COPY whose options open at token at.
func (p *parser) copy(at int) Statement {
	s := &Copy{Mode: ModeAppend}
	p.expect("copy")
	if p.is("(") {
		from := p.toks[p.pos+1].from
		start := p.pos
		p.skipBrackets()
		if p.pos == start+2 {
			p.failAt(p.toks[start].from, "the query is empty")
		}
		s.Query, s.QueryOffset = p.src[from:p.toks[p.pos-2].to], from
	} else {
		from := p.peek().from
		for p.identifier("a query in brackets or a table"); p.accept("."); {
			p.identifier("a table name")
		}
		s.Query, s.QueryOffset = "FROM "+p.src[from:p.toks[p.pos-1].to], from
		if p.is("(") {
			p.failf("a list of columns is not supported: COPY (SELECT ...) TO ...")
		}
	}
	if p.is("from") {
		p.failf("FORMAT iceberg is for COPY ... TO; to read a table, use iceberg_rows('ns.table')")
	}
	p.expect("to")
	s.Table = p.name()
	p.accept("with")
	if p.pos != at {
		p.failf("expected the options in brackets, found %s", p.show())
	}
	p.options(s)
	return s
}

// copyOption is one option of COPY.
type copyOption struct {
	name string
	read func(p *parser, s *Copy)
}

var copyOptionList = []copyOption{
	{"format", func(p *parser, _ *Copy) { p.scalar("FORMAT") }},
	{"mode", func(p *parser, s *Copy) {
		at := p.peek()
		switch m := Mode(strings.ToLower(p.scalar("MODE"))); m {
		case ModeAppend, ModeOverwritePartitions, ModeOverwrite:
			s.Mode = m
		default:
			p.failAt(at.from, "MODE '%s' is none of 'append', 'overwrite_partitions', 'overwrite'", m)
		}
	}},
	{"where", func(p *parser, s *Copy) {
		p.value(s, "WHERE", p.text, func(s *Copy, v string) { s.Where = v })
	}},
	{"wap_id", func(p *parser, s *Copy) {
		p.value(s, "WAP_ID", p.scalar, func(s *Copy, v string) { s.WapID = v })
	}},
	{"wap_branch", func(p *parser, s *Copy) {
		p.value(s, "WAP_BRANCH", p.scalar, func(s *Copy, v string) { s.WapBranch = v })
	}},
	{"step", func(p *parser, s *Copy) {
		p.value(s, "STEP", p.scalar, func(s *Copy, v string) { s.Step = v })
	}},
	{"create_table", func(p *parser, s *Copy) { s.CreateTable = p.boolean("CREATE_TABLE") }},
	{"partition_by", func(p *parser, s *Copy) { s.PartitionBy = p.partitionOption() }},
	{"process_name", func(p *parser, s *Copy) {
		p.value(s, "PROCESS_NAME", p.scalar, func(s *Copy, v string) { s.ProcessName = v })
	}},
	{"session_id", func(p *parser, s *Copy) {
		p.value(s, "SESSION_ID", p.scalar, func(s *Copy, v string) { s.SessionID = v })
	}},
	{"valid_to", func(p *parser, s *Copy) {
		p.value(s, "VALID_TO", p.scalar, func(s *Copy, v string) { s.ValidTo = v })
	}},
	{"summary", func(p *parser, s *Copy) { s.Summary = p.mapLiteral("SUMMARY") }},
}

// value reads a value: a literal by read, or an expression, such as 'psyberg_'
// || 's1' or getvariable('id'), which is kept for DuckDB.
func (p *parser) value(s *Copy, option string, read func(string) string, set func(*Copy, string)) {
	literal := p.peek().kind != tokEnd && p.peek().kind != tokPunct
	if next := p.toks[min(p.pos+1, len(p.toks)-1)]; literal && (next.matches(",") || next.matches(")")) {
		set(s, read(option))
		return
	}
	from, start := p.peek().from, p.pos
	for !p.is(",") && !p.is(")") && p.peek().kind != tokEnd {
		if p.is("(") || p.is("[") || p.is("{") {
			p.skipBrackets()
		} else {
			p.pos++
		}
	}
	if p.pos == start || p.pos == start+2 && p.toks[start].matches("-") {
		p.pos = start
		set(s, read(option)) // a number below zero, or what the reader complains about
		return
	}
	s.Computed = append(s.Computed, Computed{option, p.src[from:p.toks[p.pos-1].to], from, set})
}

func (p *parser) options(s *Copy) {
	p.expect("(")
	seen := map[string]int{}
	for {
		at := p.peek()
		name := strings.ToLower(p.identifier("an option"))
		opt := findOption(name)
		if opt == nil {
			p.failAt(at.from, "option %s is unknown: %s", strings.ToUpper(name), suggest(name, optionNames()))
		}
		if _, twice := seen[name]; twice {
			p.failAt(at.from, "option %s is given twice", strings.ToUpper(name))
		}
		seen[name] = at.from
		p.accept("=")
		opt.read(p, s)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	p.check(s, seen)
}

// check refuses options that do not go together.
func (p *parser) check(s *Copy, seen map[string]int) {
	at := func(name string) (int, bool) { o, ok := seen[name]; return o, ok }
	if o, ok := at("where"); ok && s.Mode != ModeOverwrite {
		p.failAt(o, "WHERE needs MODE 'overwrite'")
	}
	if o, ok := at("partition_by"); ok && !s.CreateTable {
		p.failAt(o, "PARTITION_BY needs CREATE_TABLE true: an existing table has its own partitioning")
	}
	_, staged := at("wap_id")
	if o, ok := at("wap_branch"); ok && staged {
		p.failAt(o, "WAP_ID and WAP_BRANCH exclude each other: one stages a snapshot, the other a branch")
	}
	_, branch := at("wap_branch")
	if o, ok := at("step"); ok && !branch {
		p.failAt(o, "STEP needs WAP_BRANCH: a step is looked for on its branch")
	}
	computed := map[string]bool{}
	for _, c := range s.Computed {
		computed[strings.ToLower(c.Option)] = true
	}
	for _, name := range []string{"where", "wap_id", "wap_branch", "step"} {
		if o, ok := at(name); ok && !computed[name] {
			if msg := s.wrong(name); msg != "" {
				p.failAt(o, "%s", msg)
			}
		}
	}
}

// wrong says what is wrong with the value of an option, "" for nothing.
func (s *Copy) wrong(option string) string {
	value := map[string]string{"where": s.Where, "wap_id": s.WapID, "wap_branch": s.WapBranch, "step": s.Step}
	switch v, known := value[option]; {
	case !known:
	case option == "where" && strings.TrimSpace(v) == "":
		return "WHERE is empty: leave it out to replace every row"
	case v == "":
		return strings.ToUpper(option) + " is empty"
	case option == "wap_branch" && v == "main":
		return "WAP_BRANCH 'main': leave it out to write to main"
	}
	return ""
}

func findOption(name string) *copyOption {
	for i := range copyOptionList {
		if copyOptionList[i].name == name {
			return &copyOptionList[i]
		}
	}
	return nil
}

func optionNames() []string {
	out := make([]string, len(copyOptionList))
	for i, o := range copyOptionList {
		out[i] = strings.ToUpper(o.name)
	}
	return out
}

// boolean reads a truth value; an option without a value is true, as in DuckDB.
func (p *parser) boolean(what string) bool {
	if p.is(",") || p.is(")") {
		return true
	}
	at := p.peek()
	switch v := strings.ToLower(p.scalar(what)); v {
	case "true", "1", "on", "yes":
		return true
	case "false", "0", "off", "no":
		return false
	default:
		p.failAt(at.from, "%s: %q is neither true nor false", what, v)
	}
	return false
}

// partitionOption reads PARTITION_BY 'days(ts), id' or PARTITION_BY (days(ts), id).
func (p *parser) partitionOption() []PartitionTerm {
	if p.accept("(") {
		t := p.partitionTerms()
		p.expect(")")
		return t
	}
	at := p.peek()
	text := p.text("PARTITION_BY")
	toks, err := lex(text)
	if err != nil {
		p.failAt(at.from, "PARTITION_BY: %v", err)
	}
	inner := &parser{src: text, toks: toks}
	defer func() {
		if r := recover(); r != nil {
			if e, is := r.(*SyntaxError); is {
				p.failAt(at.from, "PARTITION_BY: %s", e.Msg)
			}
			panic(r)
		}
	}()
	t := inner.partitionTerms()
	if inner.peek().kind != tokEnd {
		inner.failf("unexpected %s", inner.show())
	}
	return t
}

// mapLiteral reads MAP {'k': 'v', ...}; MAP may be left out.
func (p *parser) mapLiteral(what string) map[string]string {
	p.accept("map")
	p.expect("{")
	out := map[string]string{}
	for !p.accept("}") {
		at := p.peek()
		k := p.scalar(what + ": a key")
		if _, twice := out[k]; twice {
			p.failAt(at.from, "%s: key %q is given twice", what, k)
		}
		if !p.accept(":") {
			p.expect("=")
		}
		out[k] = p.scalar(what + ": the value of " + k)
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	return out
}
