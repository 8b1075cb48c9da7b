package manifest

import (
	"strings"
	"testing"
)

// TestParseInflater: each name chooses another inflater, and an unknown one is
// refused.
func TestParseInflater(t *testing.T) {
	defer SetInflater(OwnInflater)
	for name, want := range map[string]Inflater{"": OwnInflater, "own": OwnInflater, "klauspost": KlauspostInflater, "std": StandardInflater} {
		got, err := ParseInflater(name)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", name, got, err, want)
		}
		if SetInflater(got); Inflater(inflater.Load()) != want {
			t.Errorf("%q was not chosen", name)
		}
	}
	if _, err := ParseInflater("zlib"); err == nil || !strings.Contains(err.Error(), "own, klauspost, std") {
		t.Errorf("an unknown one: %v", err)
	}
}
