package benchmarks

import (
	"testing"

	"psyberg/benchmarks/tables"
)

// TestDecoderAnswers: what the decoder's benchmark reads is right.
func TestDecoderAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []tables.Config{tables.T1(1000), tables.T2(200), tables.T3(1000)} {
		tab, err := tables.Ensure(t.Context(), t.TempDir(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []tables.Question{tables.Q1, tables.Q2} {
			d, err := NewDecoder(tab, NarrowQ2(c))
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Answer(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if err := Compare(tab, "the decoder", q, got); err != nil {
				t.Error(err)
			}
			if err := Compare(tab, "nobody", q, tables.Answer{}); err == nil {
				t.Error("an empty answer is taken as right")
			}
		}
	}
}
