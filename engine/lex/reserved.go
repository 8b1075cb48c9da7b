package lex

import "strings"

// reserved are the words that DuckDB 1.5.5 does not take as an argument's name
// without quotes; engine tests that against DuckDB itself.
var reserved = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
	all analyse analyze and any array as asc asymmetric between bigint bit boolean both case cast char character
	check coalesce collate column constraint create dec decimal default deferrable desc describe distinct do else
	end except exists extract false fetch float for foreign from group grouping grouping_id having in initially
	inout int integer intersect interval into lambda lateral leading limit national nchar none not null nullif
	numeric offset on only or order out overlay pivot pivot_longer pivot_wider placing position precision primary
	qualify real references returning row select setof show smallint some substring summarize symmetric table
	then time timestamp to trailing treat trim true union unique unpivot using values varchar variadic when where
	window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
	xmlserialize xmltable`) {
		out[w] = true
	}
	return out
}()

// Reserved reports whether DuckDB takes word only in quotes as an argument's name.
func Reserved(word string) bool { return reserved[strings.ToLower(word)] }
