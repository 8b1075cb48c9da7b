package measure

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// rounds makes a sample of the times of files, a round each.
func rounds(name string, rest []time.Duration, files ...[]time.Duration) Sample {
	s := Sample{Name: name}
	for i, f := range files {
		c := Cost{Files: f, CPU: sum(f)}
		if rest != nil {
			c.Rest = rest[i]
			c.CPU += rest[i]
		}
		s.Rounds = append(s.Rounds, c)
	}
	return s
}

// whole makes a sample of whole runs.
func whole(v ...time.Duration) (s Sample) {
	for _, d := range v {
		s.Rounds = append(s.Rounds, Cost{CPU: d, Wall: 2 * d})
	}
	return s
}

// TestNeedsByFile: the least of each file, whichever round it was in, and the
// mean of what is no file's.
func TestNeedsByFile(t *testing.T) {
	t.Parallel()
	type d = []time.Duration
	for _, c := range []struct {
		name string
		s    Sample
		want time.Duration
	}{
		{"one round", rounds("", nil, d{10, 20, 30}), 60},
		{"each in another round", rounds("", nil, d{10, 40, 60}, d{20, 20, 60}, d{20, 40, 30}), 60},
		{"a slow round is no matter", rounds("", nil, d{10, 20, 30}, d{100, 200, 300}), 60},
		{"collections in one round of three", rounds("", d{0, 9, 0}, d{10, 20}, d{10, 20}, d{10, 20}), 33},
		{"collections in every round", rounds("", d{8, 9, 10}, d{10, 20}, d{10, 20}, d{10, 20}), 39},
		{"collections in a slow round", rounds("", d{0, 30, 0}, d{10, 20}, d{100, 200}, d{10, 20}), 32}, // 30/390 of 30
		{"of ten rounds, the least", rounds("", nil, d{10}, d{9}, d{8}, d{7}, d{6}, d{5}, d{4}, d{3}, d{2}, d{1}), 1},
		{"one file", rounds("", nil, d{7}, d{5}, d{6}), 5},
	} {
		if got := c.s.Needs(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestTimes: what is compared was measured in the same grain.
func TestTimes(t *testing.T) {
	t.Parallel()
	type d = []time.Duration
	files := rounds("", nil, d{10, 40}, d{20, 20}, d{20, 20}, d{20, 20}, d{20, 20}) // 30 by file, 40 as a whole
	for _, c := range []struct {
		name string
		a, b Sample
		want float64
	}{
		{"by file", rounds("", d{3, 3}, d{12, 18}, d{12, 18}), rounds("", nil, d{10, 40}, d{20, 20}), 1.1},
		{"a whole against files", whole(80, 90, 100, 110, 120), files, 2},
		{"files against a whole", files, whole(80, 90, 100, 110, 120), 0.5},
		{"a limit makes no garbage", rounds("", d{3}, d{30}), rounds("", d{9}, d{30}), 1.1},
		{"wholes", whole(200, 210, 220), whole(100, 400, 400), 2},
	} {
		if got := Times(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := Ratio(whole(80, 90, 100), whole(40, 30, 100)); got != 2 {
		t.Errorf("the median of ratios is %v, want 2", got)
	}
	if got, want := Scatter(whole(80, 90, 100), whole(40, 30, 100)), "median 2.00 of 3 from 1.00 to 3.00"; !strings.HasSuffix(got, want) {
		t.Errorf("scatter is %q, want %q", got, want)
	}
	if got := files.Clock(); got != 0 {
		t.Errorf("by the clock %v", got)
	}
	if got := whole(50, 10, 20, 30, 40).Clock(); got != 20 {
		t.Errorf("by the clock %v, want 20", got)
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    []float64
		p    float64
		want float64
	}{
		{nil, 0.2, 0},
		{[]float64{3}, 0.2, 3},
		{[]float64{3, 1, 2}, 0.2, 1},
		{[]float64{5, 4, 3, 2, 1}, 0.2, 1},
		{[]float64{6, 5, 4, 3, 2, 1}, 0.2, 2},
		{[]float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0.2, 2},
		{[]float64{3, 1, 2}, 0, 1},
		{[]float64{3, 1, 2}, 1, 3},
	} {
		if got := Quantile(c.v, c.p); got != c.want {
			t.Errorf("%v of %v is %v, want %v", c.p, c.v, got, c.want)
		}
	}
}

// TestNeedsOnAMachineThatChangesItsSpeed is why files are timed: of sides that
// need 12 and 10 an entry, on a machine whose speed changes every few files, the
// times of files are right, whatever whole rounds say.
func TestNeedsOnAMachineThatChangesItsSpeed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	speed, left := 1.0, 0
	pass := func(need float64) (c Cost) {
		for range 50 {
			if left--; left < 0 {
				speed, left = 1+r.Float64(), r.IntN(20)
				if r.IntN(2) == 0 {
					speed = 1
				}
			}
			c.Files = append(c.Files, time.Duration(need*speed*1e5))
		}
		c.CPU = sum(c.Files)
		return c
	}
	for range 20 {
		var a, b Sample
		for range 7 {
			a.Rounds, b.Rounds = append(a.Rounds, pass(12)), append(b.Rounds, pass(10))
		}
		if got := Times(a, b); got < 1.18 || got > 1.22 {
			t.Errorf("12 by 10 is %.3f; %s", got, Scatter(a, b))
		}
	}
}

// TestCollectionsCount: what the garbage collector does while files are read is
// part of what they need, though no file has it at its quickest.
func TestCollectionsCount(t *testing.T) {
	live := make([]*[8]int, 300_000)
	for i := range live {
		live[i] = new([8]int)
	}
	round := 0
	samples, err := Alternate(1, ByFile("", 4, func(done func()) error {
		for file := range 4 {
			if file == round%4 { // with another file in every round
				runtime.GC()
			}
			done()
		}
		round++
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(live)
	s := samples[0]
	if n := len(s.Rounds[0].Files); n != 4 {
		t.Fatalf("times of %d files", n)
	}
	// To mark so many objects takes milliseconds on any machine.
	if files := s.Files(); s.Rest() <= 0 || s.Rounds[0].Rest < time.Millisecond/2 || s.Needs() != files+s.Rest() {
		t.Errorf("%d rounds need %s, of that %s for files and %s for the rest", len(s.Rounds), s.Needs(), files, s.Rest())
	}
	if c := s.Rounds[0]; c.CPU < c.Rest || c.CPU < sum(c.Files) {
		t.Errorf("a round took %s, files %v and the rest %s", c.CPU, c.Files, c.Rest)
	}
}
