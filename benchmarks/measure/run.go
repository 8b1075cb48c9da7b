package measure

import (
	"fmt"
	"runtime"
	"time"
)

// Cost is what a run took.
type Cost struct {
	CPU, Wall time.Duration
	Allocs    uint64 // objects on Go's heap
	// Files is the CPU time of each file, of a variant that says when it is
	// done with one; else nil.
	Files []time.Duration
	// Rest is the CPU time of such a run that is no file's, and that a least of
	// rounds would lose: the garbage collector's, which comes with another file
	// in every round. It is all that the process used on other threads, and what
	// the thread that decodes was made to help with.
	Rest time.Duration
}

// Variant is something that is measured.
type Variant struct {
	Name string
	// Run does it once. Where it works in another process it notes the CPU time
	// there, which is then what counts.
	Run func(*Cost) error
}

// In makes a variant of a function of this process.
func In(name string, f func() error) Variant {
	return Variant{Name: name, Run: func(*Cost) error { return f() }}
}

// ByFile makes a variant of a function of this process that calls done after
// each of its files, on the goroutine that it was called on.
//
// A file's time is that of this thread alone: what the collector does meanwhile
// on another is no part of what the file needs, and is counted as Rest.
func ByFile(name string, files int, f func(done func()) error) Variant {
	return Variant{Name: name, Run: func(c *Cost) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.Files = make([]time.Duration, 0, files)
		last := threadCPU()
		return f(func() {
			now := threadCPU()
			c.Files = append(c.Files, now-last)
			last = now
		})
	}}
}

// short is how long a round may be before there is reason to be sparing with it.
const short = time.Second

// enough reports whether a variant was run often enough: rounds times, or more
// often where rounds are short, as in more of them each part is likelier to have
// met the machine at its best once. What was asked for may take rounds times
// short, and no more than ten times as many.
func enough(rounds, done int, took time.Duration) bool {
	return done >= rounds && (took >= time.Duration(rounds)*short || done >= 10*rounds)
}

// Alternate runs all variants once unmeasured, then in turn, rounds times or
// more often where that is quick, all of them equally often. Before each run
// the heap is collected, outside of what is measured.
func Alternate(rounds int, variants ...Variant) ([]Sample, error) {
	samples := make([]Sample, len(variants))
	var begun time.Time
	for done := -1; done < 0 || !enough(rounds, done, time.Since(begun)); done++ {
		if done == 0 {
			begun = time.Now()
		}
		for i, v := range variants {
			c, err := Once(v)
			if err != nil {
				return nil, err
			}
			samples[i].Name = v.Name
			if done < 0 {
				continue
			}
			if err := samples[i].Add(c); err != nil {
				return nil, err
			}
		}
	}
	return samples, nil
}

// Once runs a variant once.
func Once(v Variant) (Cost, error) {
	runtime.GC()
	var c Cost
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	helped, wall, cpu := assists(), time.Now(), CPU()
	err := v.Run(&c)
	here := CPU() - cpu
	c.Wall = time.Since(wall)
	if err != nil {
		return c, fmt.Errorf("measure %s: %w", v.Name, err)
	}
	runtime.ReadMemStats(&after)
	c.Allocs = after.Mallocs - before.Mallocs
	if c.CPU > 0 {
		return c, nil
	}
	c.CPU = here
	if c.Files != nil {
		runtime.GC() // assists count when their collection has ended
		c.Rest = max(0, here-sum(c.Files)) + assists() - helped
	}
	return c, nil
}
