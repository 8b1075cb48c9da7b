package measure

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// CPU is the CPU time that this process has used so far, user and system, of
// all its threads: also the garbage collector's.
func CPU() time.Duration { return usage(syscall.RUSAGE_SELF) }

func usage(who int) time.Duration {
	var ru syscall.Rusage
	if err := syscall.Getrusage(who, &ru); err != nil {
		panic("getrusage: " + err.Error()) // it fails only for a who that does not exist
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// Cost is what a run took.
type Cost struct {
	CPU, Wall time.Duration
	Allocs    uint64 // objects on Go's heap
}

// Variant is something that is measured.
type Variant struct {
	Name string
	// Run does it once. It returns the CPU time that it used in another
	// process, which is then what counts; 0 where it worked in this one.
	Run func() (elsewhere time.Duration, err error)
}

// In makes a variant of a function of this process.
func In(name string, f func() error) Variant {
	return Variant{Name: name, Run: func() (time.Duration, error) { return 0, f() }}
}

// Sample is what the rounds of a variant took.
type Sample struct {
	Name   string
	Rounds []Cost
}

// Alternate runs all variants once unmeasured, then rounds times in turn.
// Before each run the heap is collected, outside of what is measured.
func Alternate(rounds int, variants ...Variant) ([]Sample, error) {
	samples := make([]Sample, len(variants))
	for round := -1; round < rounds; round++ {
		for i, v := range variants {
			c, err := Once(v)
			if err != nil {
				return nil, err
			}
			samples[i].Name = v.Name
			if round >= 0 {
				samples[i].Rounds = append(samples[i].Rounds, c)
			}
		}
	}
	return samples, nil
}

// Once runs a variant once.
func Once(v Variant) (Cost, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wall, cpu := time.Now(), CPU()
	elsewhere, err := v.Run()
	c := Cost{CPU: CPU() - cpu, Wall: time.Since(wall)}
	if err != nil {
		return c, fmt.Errorf("measure %s: %w", v.Name, err)
	}
	runtime.ReadMemStats(&after)
	c.Allocs = after.Mallocs - before.Mallocs
	if elsewhere > 0 {
		c.CPU = elsewhere
	}
	return c, nil
}

// CPU is the median of the rounds.
func (s Sample) CPU() time.Duration {
	return time.Duration(Median(s.each(func(c Cost) float64 { return float64(c.CPU) })))
}

// Wall is the median of the rounds.
func (s Sample) Wall() time.Duration {
	return time.Duration(Median(s.each(func(c Cost) float64 { return float64(c.Wall) })))
}

// Allocs is the median of the rounds.
func (s Sample) Allocs() float64 {
	return Median(s.each(func(c Cost) float64 { return float64(c.Allocs) }))
}

func (s Sample) each(f func(Cost) float64) []float64 {
	out := make([]float64, len(s.Rounds))
	for i, c := range s.Rounds {
		out[i] = f(c)
	}
	return out
}

// Ratio is the median over the rounds of a's CPU time by b's of the same round.
func Ratio(a, b Sample) float64 {
	out := make([]float64, min(len(a.Rounds), len(b.Rounds)))
	for i := range out {
		out[i] = float64(a.Rounds[i].CPU) / float64(b.Rounds[i].CPU)
	}
	return Median(out)
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

// Least returns the sample with the smallest median CPU time.
func Least(samples []Sample) Sample {
	return slices.MinFunc(samples, func(a, b Sample) int { return int(a.CPU() - b.CPU()) })
}

// Machine says what this runs on, a fact a line: "name: value".
func Machine() []string {
	facts := []string{
		fmt.Sprintf("CPU: %s, %d threads", field("/proc/cpuinfo", "model name"), runtime.NumCPU()),
		"memory: " + field("/proc/meminfo", "MemTotal"),
		fmt.Sprintf("system: %s %s, %s", runtime.GOOS, first("/proc/sys/kernel/osrelease"), runtime.GOARCH),
		"Go: " + runtime.Version(),
	}
	return append(facts, "load when it began (1, 5, 15 minutes): "+Load())
}

// Load is the load average, "" where it is not known.
func Load() string {
	f := strings.Fields(first("/proc/loadavg"))
	if len(f) < 3 {
		return ""
	}
	return strings.Join(f[:3], ", ")
}

// field is the value of the first line of a file of "name: value" lines.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func first(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}
