package psyberg

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestX_ProtocolModel runs the model that the order of section 7's steps was
// checked with (testdata/protocol.py), every interleaving: it finds no
// violation, and finds one in each variant that leaves a rule out.
// TestX_EveryInterleaving is the same on this package's own decisions, but for
// expiries of the target: what they decide is TestP6_* here, and TestX2_* and
// TestX_PublisherSleeps of engine/steps. Whoever changes the order changes both.
func TestX_ProtocolModel(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	cases := [][]string{{"good", "AB", "2", "0"}, {"supersede", "AB", "2", "1"}, {"nolog", "AB", "2", "1"}, {"norecheck", "AB", "2", "1"}, {"anystaged", "AB", "2", "1"},
		// Snapshots of the target expire between a kill and whoever comes back (P6).
		{"good", "A", "1", "0", "1"}, {"guess", "AB", "2", "0", "1"}, {"assume", "AB", "2", "0", "1"}, {"own", "AB", "2", "0", "1"}}
	soak, _ := time.ParseDuration(os.Getenv("PSYBERG_SOAK"))
	if soak > 0 { // a person's discards and a foreign writer too
		cases = append(cases, []string{"good", "AB", "2", "1"}, []string{"good", "AB", "3", "1"}, []string{"good", "AB", "1", "0", "1"})
	}
	if soak > 10*time.Minute { // minutes each
		cases = append(cases, []string{"good", "AB", "2", "0", "1"}, []string{"good", "AB", "1", "1", "1"}, []string{"good", "A", "2", "0", "2"})
	}
	for _, args := range cases {
		out, err := exec.Command(python, append([]string{"testdata/protocol.py"}, args...)...).CombinedOutput()
		first, _, _ := strings.Cut(string(out), "\n")
		t.Log(first)
		exit := (*exec.ExitError)(nil)
		switch {
		case args[0] == "good" && (err != nil || !strings.HasSuffix(first, "no violation")):
			t.Errorf("%v: %v\n%s", args, err, out)
		case args[0] != "good" && (!errors.As(err, &exit) || !strings.Contains(first, "VIOLATION")):
			t.Errorf("%v: nothing was caught: %v\n%s", args, err, out)
		}
	}
}
