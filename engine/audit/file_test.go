package audit

import (
	"fmt"
	"strings"
	"testing"
)

// show prints what a file asks for, an audit a line.
func (f *File) show() string {
	var b strings.Builder
	for _, a := range f.Audits {
		fmt.Fprintf(&b, "%s: %s%s", a.Name, a.Function, a.SQL)
		if !a.Blocking {
			b.WriteString(", not blocking")
		}
		for _, p := range a.Params {
			fmt.Fprintf(&b, ", %s = %s", p.Name, p.Value.sql())
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestParse(t *testing.T) {
	f, err := Parse("audits.yaml", []byte(`# what life.t must hold
audits:
  - function: columns_should_not_have_nulls
    blocking: true
    params: {columns: [account_id, event_ts]}
  - sql: checks/no_negative_amounts.sql        # $target, $wap_id
    blocking: false
    params: {most: 12, since: 2023-09-14, note: "it's", nothing: null, sure: yes}
  - function: psyberg_audit_values_in_range
    params:
      column: amount
      min: -1.5e3
      max: 0x1F
  - function: values_in_range
    name: late_amounts
    params: {column: "007", min: 1_000}
  - function: values_in_range
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `columns_should_not_have_nulls: columns_should_not_have_nulls, columns = ['account_id', 'event_ts']
no_negative_amounts: checks/no_negative_amounts.sql, not blocking, most = 12, since = '2023-09-14', note = 'it''s', nothing = NULL, sure = 'yes'
values_in_range: values_in_range, column = 'amount', min = -1.5e3, max = 31
late_amounts: values_in_range, column = '007', min = 1000
values_in_range_2: values_in_range
`
	if got := f.show(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestParseIsStrict: what is not known is an error, with its line.
func TestParseIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"":                "a.yaml:1: it is empty",
		"# nothing\n":     "a.yaml:1: it is empty",
		"audit:\n":        `a.yaml:1: the file has no key "audit"; did you mean "audits"?`,
		"- function: x\n": "a.yaml:1: the file must be keys",
		"audits: 3\n":     "a.yaml:1: audits must be a list",
		"audits:\n":       "a.yaml:1: audits must be a list",
		"audits:\n- 1\n":  "a.yaml:2: an audit must be keys",
		"audits:\n- sql: a.sql\n  blockin: false\n":              `a.yaml:3: an audit has no key "blockin"; did you mean "blocking"?`,
		"audits:\n- sql: a.sql\n  blocking: no way\n":            `a.yaml:3: blocking is "no way", not true or false`,
		"audits:\n- sql: a.sql\n  function: f\n":                 "a.yaml:2: an audit needs function or sql",
		"audits:\n- blocking: true\n":                            "a.yaml:2: an audit needs function or sql",
		"audits:\n- sql: ''\n":                                   "a.yaml:2: sql is empty",
		"audits:\n- sql: a.sql\n  sql: b.sql\n":                  `a.yaml:3: key "sql" is there twice`,
		"audits:\n- function: f\n  params: {a: {b: 1}}\n":        "a.yaml:3: a single value is needed here",
		"audits:\n- function: f\n  params: {a: .inf}\n":          `a.yaml:3: ".inf" is no number`,
		"audits:\n- function: f\n  params: {a: [[1]]}\n":         "a.yaml:3: a single value is needed here",
		"audits:\n- function: &f f\n- function: *f\n":            "a.yaml:2: anchors and aliases are not read",
		"audits:\n- function: f\n  params: {a: !!binary aGk=}\n": "a.yaml:3: a value of type !!binary",
		"audits: []\n---\naudits: []\n":                          "more than one YAML document",
		"audits: [\n":                                            "did not find expected",
		"audits:\n- function: f\n  params: {? [a] : 1}\n":        "a.yaml:3: a key of params must be a word",
		"audits: []\n" + strings.Repeat("#", maxFile) + "\n":     "it is longer than",
	} {
		if _, err := Parse("a.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want %q", text, err, want)
		}
	}
	if f, err := Parse("a.yaml", []byte("audits: []\n")); err != nil || len(f.Audits) != 0 {
		t.Errorf("no audits: %v, %v", f, err)
	}
}

// FuzzParse: whatever a file holds, it is read or refused; what is read has a
// name of its own and literals that end where they should.
func FuzzParse(f *testing.F) {
	f.Add("audits:\n  - function: unique_keys\n    params: {columns: [a, 'b''']}\n  - function: unique_keys\n")
	f.Add("audits: [{sql: a.sql, blocking: false}]")
	f.Add("audits: &a [*a]")
	f.Add("audits: [{function: f, params: {x: 1e999, y: -0x8000000000000000, z: 2023-01-01T00:00:00Z}}]")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("a.yaml", []byte(text))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, a := range file.Audits {
			if a.Name == "" || seen[a.Name] {
				t.Fatalf("name %q is empty or taken", a.Name)
			}
			seen[a.Name] = true
			for _, p := range a.Params {
				sql := p.Value.sql()
				if p.Value.Kind == KindText && strings.Count(sql, "'")%2 != 0 {
					t.Fatalf("literal %s is not closed", sql)
				}
				if p.Value.Kind == KindNumber && strings.ContainsAny(sql, " '\";()") {
					t.Fatalf("number %s is none", sql)
				}
			}
		}
	})
}
