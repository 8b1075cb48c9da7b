package psyberg

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestX_ProtocolModel runs the model that the order of section 7's steps was
// checked with (testdata/protocol.py), every interleaving: it finds no
// violation, and finds one in each variant that leaves a rule out.
// TestX_EveryInterleaving is the same on this package's own decisions; whoever
// changes the order changes both.
func TestX_ProtocolModel(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	cases := [][]string{{"good", "AB", "2", "0"}, {"supersede", "AB", "2", "1"}, {"nolog", "AB", "2", "1"}, {"norecheck", "AB", "2", "1"}, {"anystaged", "AB", "2", "1"}}
	if os.Getenv("PSYBERG_SOAK") != "" { // a person's discards and a foreign writer too; minutes
		cases = append(cases, []string{"good", "AB", "2", "1"}, []string{"good", "AB", "3", "1"})
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
