package measure

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Sample is what the rounds of a variant took.
type Sample struct {
	Name   string
	Rounds []Cost
	// Laps are the times of each file in the rounds in which variants took turns
	// file by file; there are none of variants that cannot.
	Laps [][]time.Duration
}

// Add adds a round. It is an error where it read other files than those before.
func (s *Sample) Add(c Cost) error {
	if len(s.Rounds) > 0 && len(c.Files) != len(s.Rounds[0].Files) {
		return fmt.Errorf("measure %s: times of %d files in one round, of %d in another", s.Name, len(s.Rounds[0].Files), len(c.Files))
	}
	s.Rounds = append(s.Rounds, c)
	return nil
}

// byFile reports whether there are times of each file.
func (s Sample) byFile() bool { return len(s.Rounds) > 0 && len(s.Rounds[0].Files) > 0 }

// low is which quantile of whole runs stands for what one needs. Neighbours only
// ever add to a time, so it is low. It is not the least: a whole run is never
// left alone, so that the least is no bound that more runs come nearer to, but
// the luck of one, with the fewest collections of garbage.
const low = 0.2

// Needs is the CPU time that the variant needs when others leave the machine to
// it. Of one that was run file by file it is Files and Rest, of others Whole.
func (s Sample) Needs() time.Duration {
	if !s.byFile() {
		return s.Whole()
	}
	return s.Files() + s.Rest()
}

// Files is the least CPU time of each file over the rounds, added up.
//
// A machine that others use too changes its speed within a second: a file is
// short enough to meet it undisturbed in some round, a pass over all is not. It
// is the least that counts, and no other quantile: that is the one that stays the
// same however many of the rounds were disturbed. Both sides do not lose alike to
// neighbours, so that with another quantile the ratio moves with the load.
func (s Sample) Files() (total time.Duration) {
	if !s.byFile() {
		return 0
	}
	laps := s.Laps
	if len(laps) == 0 {
		for _, c := range s.Rounds {
			laps = append(laps, c.Files)
		}
	}
	for file, best := range laps[0] {
		for _, round := range laps[1:] {
			best = min(best, round[file])
		}
		total += best
	}
	return total
}

// Rest is the mean of what is no file's, slowed down no more than the files that
// Files counts: it was taken while these took, on average, longer.
func (s Sample) Rest() time.Duration {
	rest, files := time.Duration(0), time.Duration(0)
	for _, c := range s.Rounds {
		rest, files = rest+c.Rest, files+sum(c.Files)
	}
	if files == 0 {
		return 0
	}
	return time.Duration(float64(s.Files()) * float64(rest) / float64(files))
}

func sum(v []time.Duration) (total time.Duration) {
	for _, d := range v {
		total += d
	}
	return total
}

// Whole is the low quantile of the rounds' CPU time.
func (s Sample) Whole() time.Duration { return s.quantile(low, cpuOf) }

// Clock is the low quantile of the rounds' time by the clock.
func (s Sample) Clock() time.Duration { return s.quantile(low, wallOf) }

// CPU is the median of the rounds.
func (s Sample) CPU() time.Duration { return time.Duration(Median(s.each(cpuOf))) }

// Wall is the median of the rounds.
func (s Sample) Wall() time.Duration { return time.Duration(Median(s.each(wallOf))) }

// Allocs is the median of the rounds.
func (s Sample) Allocs() float64 {
	return Median(s.each(func(c Cost) float64 { return float64(c.Allocs) }))
}

func cpuOf(c Cost) float64  { return float64(c.CPU) }
func wallOf(c Cost) float64 { return float64(c.Wall) }

func (s Sample) quantile(p float64, f func(Cost) float64) time.Duration {
	return time.Duration(Quantile(s.each(f), p))
}

func (s Sample) each(f func(Cost) float64) []float64 {
	out := make([]float64, len(s.Rounds))
	for i, c := range s.Rounds {
		out[i] = f(c)
	}
	return out
}

// Limit is Needs without Rest: a limit reads and inflates, and is slowed down by
// no garbage, not even by its own where it is one of this process.
func (s Sample) Limit() time.Duration {
	if !s.byFile() {
		return s.Whole()
	}
	return s.Files()
}

// Times is how many times the limit is needed: by file where both were run file
// by file, else by whole runs of both, as files are left alone where no whole run
// is.
func Times(ours, limit Sample) float64 {
	if ours.byFile() && limit.byFile() {
		return float64(ours.Needs()) / float64(limit.Limit())
	}
	return float64(ours.Whole()) / float64(limit.Whole())
}

// Ratio is the median over the rounds of a's CPU time by b's of the same round.
// It scatters as the machine's speed does, and is there to show by how much.
func Ratio(a, b Sample) float64 { return Median(ratios(a, b)) }

func ratios(a, b Sample) []float64 {
	out := make([]float64, min(len(a.Rounds), len(b.Rounds)))
	for i := range out {
		out[i] = float64(a.Rounds[i].CPU) / float64(b.Rounds[i].CPU)
	}
	return out
}

// Scatter says how much the ratios of whole rounds differ.
func Scatter(a, b Sample) string {
	v := ratios(a, b)
	if len(v) == 0 {
		return ""
	}
	return fmt.Sprintf("whole rounds: median %.2f of %d from %.2f to %.2f", Median(v), len(v), slices.Min(v), slices.Max(v))
}

// Median returns the middle value, 0 of none.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Quantile returns the least value that a share p of all do not exceed, 0 of none.
func Quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	rank := int(math.Ceil(p*float64(len(v)))) - 1
	return v[min(max(rank, 0), len(v)-1)]
}

// Least returns the limit that is the lowest.
func Least(limits []Sample) Sample {
	return slices.MinFunc(limits, func(a, b Sample) int { return int(a.Limit() - b.Limit()) })
}
