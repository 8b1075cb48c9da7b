package write

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
)

func TestParseCopy(t *testing.T) {
	for _, tc := range []struct {
		sql  string
		want Copy
	}{
		{
			`COPY (SELECT 1 AS a) TO 'ns.t' (FORMAT iceberg)`,
			Copy{Query: "SELECT 1 AS a", QueryOffset: 6, Table: "ns.t", Mode: ModeAppend},
		},
		{
			"-- a comment\ncopy (FROM x WHERE b = ')' -- )\n ) to 'c.ns.t' with (format 'ICEBERG', mode overwrite, where 'a > 1 AND s = ''x''', wap_id 's1');",
			Copy{Query: "FROM x WHERE b = ')'", QueryOffset: 19, Table: "c.ns.t", Mode: ModeOverwrite, Where: "a > 1 AND s = 'x'", WapID: "s1"},
		},
		{
			`COPY ns.x TO ns."odd name".t (FORMAT iceberg, MODE 'overwrite_partitions', WAP_BRANCH 'psyberg_1', STEP '2023-09-14-02')`,
			Copy{Query: "FROM ns.x", QueryOffset: 5, Table: `ns."odd name".t`, Mode: ModeOverwritePartitions, WapBranch: "psyberg_1", Step: "2023-09-14-02"},
		},
		{
			`COPY (FROM x) TO 'ns.t' (CREATE_TABLE true, PARTITION_BY 'days(ts), bucket(16, id)', SUMMARY MAP {'a': 'b', 'n': 1}, FORMAT iceberg)`,
			Copy{
				Query: "FROM x", QueryOffset: 6, Table: "ns.t", Mode: ModeAppend, CreateTable: true,
				PartitionBy: []PartitionTerm{{iceberg.DayTransform{}, "ts", 0}, {iceberg.BucketTransform{NumBuckets: 16}, "id", 10}},
				Summary:     map[string]string{"a": "b", "n": "1"},
			},
		},
		{
			`COPY (SELECT $$)$$, $tag$ FORMAT $tag$ /* /* ) */ */) TO 'ns.t' (FORMAT iceberg, CREATE_TABLE)`,
			Copy{Query: "SELECT $$)$$, $tag$ FORMAT $tag$", QueryOffset: 6, Table: "ns.t", Mode: ModeAppend, CreateTable: true},
		},
	} {
		s, ours, err := Parse(tc.sql)
		if err != nil || !ours {
			t.Errorf("%s: ours %v, %v", tc.sql, ours, err)
			continue
		}
		if got, want := fmt.Sprintf("%+v", *s.(*Copy)), fmt.Sprintf("%+v", tc.want); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tc.sql, got, want)
		}
	}
}

func TestParseLeavesOthersAlone(t *testing.T) {
	for _, sql := range []string{
		``, `;`, `-- only a comment`, `SELECT 1`, `COPY x TO 'f.parquet'`, `COPY x TO 'f.parquet' (FORMAT parquet)`,
		`COPY (SELECT 'FORMAT iceberg') TO 'f' (FORMAT csv)`, `COPY (SELECT 1 (FORMAT iceberg)) TO 'f'`,
		`CREATE TABLE a (b INT)`, `CREATE TABLE a AS SELECT * FROM x JOIN y USING (iceberg)`, `CREATE VIEW v AS SELECT 1`,
		`CREATE TABLE a AS FROM x JOIN iceberg USING iceberg`, `DROP TABLE a`, `DROP VIEW iceberg`,
		`COPY (SELECT 'no end) TO 'ns.t' (FORMAT iceberg)`, `COPY (SELECT 1 TO 'ns.t' (FORMAT iceberg)`,
		`CREATE TABLE a ("iceberg" INT, using INT)`,
	} {
		if s, ours, err := Parse(sql); ours || err != nil || s != nil {
			t.Errorf("%s: ours %v, %v, %v", sql, ours, s, err)
		}
	}
}

func TestParseCreateTable(t *testing.T) {
	s, ours, err := Parse(`CREATE TABLE IF NOT EXISTS demo.signups (
		id BIGINT NOT NULL COMMENT 'the account''s', ts TIMESTAMPTZ, ` + "`odd col`" + ` STRING, price DECIMAL(9,2),
		at TIMESTAMP WITH TIME ZONE, local TIMESTAMP, f DOUBLE PRECISION, tags VARCHAR[], m MAP<STRING, ARRAY<INT>>,
		addr STRUCT<street: STRING NOT NULL, no: INT>, pos STRUCT(x DOUBLE, y DOUBLE), raw FIXED(4), matrix INT[][])
	USING iceberg PARTITIONED BY (days(ts), bucket(16, id), truncate(4, "odd col"), hours(at), addr.no, identity(price))
	TBLPROPERTIES ('format-version' = '2', write.summary.partition-limit = 100)`)
	if err == nil {
		t.Fatalf("a property's name with a hyphen needs quotes: %v %v", s, ours)
	}
	s, _, err = Parse(`CREATE TABLE IF NOT EXISTS demo.signups (
		id BIGINT NOT NULL COMMENT 'the account''s', ts TIMESTAMPTZ, ` + "`odd col`" + ` STRING, price DECIMAL(9,2),
		at TIMESTAMP WITH TIME ZONE, local TIMESTAMP, f DOUBLE PRECISION, tags VARCHAR[], m MAP<STRING, ARRAY<INT>>,
		addr STRUCT<street: STRING NOT NULL, no: INT>, pos STRUCT(x DOUBLE, y DOUBLE), raw FIXED(4), matrix INT[][])
	USING iceberg PARTITIONED BY (days(ts), bucket(16, id), truncate(4, "odd col"), hours(at), addr.no, identity(price))
	TBLPROPERTIES ('format-version' = '2', 'write.summary.partition-limit' = 100, a.b = true) COMMENT 'c' LOCATION '/x';`)
	if err != nil {
		t.Fatal(err)
	}
	c := s.(*CreateTable)
	var b strings.Builder
	fmt.Fprintf(&b, "%s exists %v, comment %s, location %s\n", c.Table, c.IfNotExists, c.Comment, c.Location)
	for _, f := range c.Columns {
		fmt.Fprintf(&b, "%s %s required=%v %s\n", f.Name, f.Type, f.Required, f.Doc)
	}
	for _, p := range c.PartitionBy {
		fmt.Fprintf(&b, "%s %s %s\n", p.FieldName(), p.Transform, p.Column)
	}
	for _, k := range sortedKeys(c.Properties) {
		fmt.Fprintf(&b, "%s=%s\n", k, c.Properties[k])
	}
	const want = `demo.signups exists true, comment c, location /x
id long required=true the account's
ts timestamptz required=false 
odd col string required=false 
price decimal(9, 2) required=false 
at timestamptz required=false 
local timestamp required=false 
f double required=false 
tags list<string> required=false 
m map<string, list<int>> required=false 
addr struct<15: street: required string, 16: no: optional int> required=false 
pos struct<18: x: optional double, 19: y: optional double> required=false 
raw fixed[4] required=false 
matrix list<list<int>> required=false 
ts_day day ts
id_bucket bucket[16] id
odd col_trunc truncate[4] odd col
at_hour hour at
addr.no identity addr.no
price identity price
a.b=true
format-version=2
write.summary.partition-limit=100
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestParseDropTable(t *testing.T) {
	for sql, want := range map[string]DropTable{
		`DROP TABLE ns.t USING iceberg`:                 {Table: "ns.t"},
		`drop table if exists 'c.ns.t' using ICEBERG ;`: {Table: "c.ns.t", IfExists: true},
		`DROP TABLE a."b.c"."d" USING iceberg`:          {Table: `a."b.c".d`},
	} {
		s, ours, err := Parse(sql)
		if err != nil || !ours || *s.(*DropTable) != want {
			t.Errorf("%s: %v %v %v", sql, s, ours, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tc := range []struct{ sql, at, want string }{
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, MOD 'append')`, "MOD", "option MOD is unknown: did you mean MODE?"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, MODE 'upsert')`, "'upsert'", "MODE 'upsert' is none of"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, MODE append, MODE append)`, "MODE append)", "option MODE is given twice"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, WHERE 'a = 1')`, "WHERE", "WHERE needs MODE 'overwrite'"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, WAP_ID 'a', WAP_BRANCH 'b')`, "WAP_BRANCH", "exclude each other"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, STEP 'b')`, "STEP", "STEP needs WAP_BRANCH"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, WAP_ID '')`, "WAP_ID", "WAP_ID is empty"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, PARTITION_BY 'a')`, "PARTITION_BY", "PARTITION_BY needs CREATE_TABLE true"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, CREATE_TABLE, PARTITION_BY 'dayz(a)')`, "'dayz", "PARTITION_BY: transform dayz is unknown: did you mean days"},
		{`COPY (FROM x) TO 'ns.t' (FORMAT iceberg, CREATE_TABLE maybe)`, "maybe", "neither true nor false"},
		{`COPY () TO 'ns.t' (FORMAT iceberg)`, "()", "the query is empty"},
		{`COPY x (a, b) TO 'ns.t' (FORMAT iceberg)`, "(a", "a list of columns is not supported"},
		{`COPY x FROM 'ns.t' (FORMAT iceberg)`, "FROM", "iceberg_rows"},
		{`CREATE TABLE ns.t (a HUGEINT) USING iceberg`, "HUGEINT", "use DECIMAL(38, 0)"},
		{`CREATE TABLE ns.t (a BIGINTT) USING iceberg`, "BIGINTT", "did you mean bigint"},
		{`CREATE TABLE ns.t (a INT, A INT) USING iceberg`, "A INT)", "given twice"},
		{`CREATE TABLE ns.t (a INT DEFAULT 3) USING iceberg`, "DEFAULT", "DEFAULT is not supported"},
		{`CREATE TABLE ns.t (a DECIMAL(39)) USING iceberg`, "39", "39 does not lie between 1 and 38"},
		{`CREATE TABLE ns.t (a INT) USING iceberg CLUSTERED BY (a)`, "CLUSTERED", "expected PARTITIONED BY"},
		{`CREATE TABLE ns.t USING iceberg AS SELECT 1`, "USING", "CREATE_TABLE true"},
		{`CREATE OR REPLACE TABLE ns.t (a INT) USING iceberg`, "OR", "drop the table first"},
		{`DROP TABLE ns.t USING iceberg PURGE`, "PURGE", "PURGE is not supported"},
		{`DROP TABLE ns.t USING iceberg x`, "x", `unexpected "x" after the end`},
		{`CREATE TABLE ns.t (a ` + strings.Repeat("ARRAY<", 80) + `INT` + strings.Repeat(">", 80) + `) USING iceberg`, "", "nested deeper than 64"},
		{`CREATE TABLE ns.t (a INT` + strings.Repeat("[]", 80) + `) USING iceberg`, "", "nested deeper than 64"},
	} {
		_, ours, err := Parse(tc.sql)
		var e *SyntaxError
		if !ours || !errors.As(err, &e) || !strings.Contains(e.Msg, tc.want) {
			t.Errorf("%s: ours %v, got %v, want %s", tc.sql, ours, err, tc.want)
			continue
		}
		if tc.at != "" && !strings.HasPrefix(tc.sql[e.At:], tc.at) {
			t.Errorf("%s: error at %q, want %q", tc.sql, tc.sql[e.At:], tc.at)
		}
	}
}

// FuzzParse: no input makes the parser panic, hang, or point outside the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`COPY (SELECT 1) TO 'ns.t' (FORMAT iceberg, MODE 'overwrite', WHERE 'a=1', SUMMARY MAP {'a': 'b'})`,
		`CREATE TABLE IF NOT EXISTS a.b (c STRUCT<x: INT>, d MAP(INT, INT[])) USING iceberg PARTITIONED BY (days(ts)) TBLPROPERTIES ('a'='b')`,
		`DROP TABLE IF EXISTS "a".b USING iceberg;`, `COPY ((((`, `COPY (]) TO x (FORMAT iceberg)`, "COPY $$ $$ E'\\", "copy/**/(a)to'x'(format iceberg,partition_by(a.b),create_table)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s, ours, err := Parse(sql)
		var e *SyntaxError
		if err != nil && (!errors.As(err, &e) || e.At < 0 || e.At > len(sql) || !ours) {
			t.Fatalf("%q: %v", sql, err)
		}
		if ours && err == nil {
			if c, is := s.(*Copy); is && !strings.HasPrefix(c.Query, "FROM ") && !strings.HasPrefix(sql[c.QueryOffset:], c.Query) {
				t.Fatalf("%q: query %q is not at %d", sql, c.Query, c.QueryOffset)
			}
		}
	})
}
