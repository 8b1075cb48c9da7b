package measure

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
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
	// files does it once, too, and stops after every file to say what that took.
	// step is how many files are asked for before another variant has its turn.
	// nil of a variant that cannot stop.
	files func(step int) iter.Seq2[time.Duration, error]
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
	stops := func(yield func(time.Duration, error) bool) {
		last, over := threadCPU(), false
		err := f(func() {
			over = over || !yield(threadCPU()-last, nil)
			last = threadCPU()
		})
		if err != nil && !over {
			yield(0, err)
		}
	}
	return Variant{Name: name, files: func(int) iter.Seq2[time.Duration, error] { return stops }, Run: func(c *Cost) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.Files = make([]time.Duration, 0, files)
		for d, err := range stops {
			if err != nil {
				return err
			}
			c.Files = append(c.Files, d)
		}
		return nil
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
//
// Variants that can stop after each file take turns file by file, after some
// rounds as a whole, which say what they need beside their files.
func Alternate(rounds int, variants ...Variant) ([]Sample, error) {
	byFile := !slices.ContainsFunc(variants, func(v Variant) bool { return v.files == nil })
	samples := make([]Sample, len(variants))
	wholes := rounds
	if byFile {
		wholes = (rounds + 1) / 2
	}
	var begun time.Time
	for done := -1; done < 0 || !enough(wholes, done, time.Since(begun)); done++ {
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
	if !byFile {
		return samples, nil
	}
	step := stepOf(samples)
	begun = time.Now()
	for done := 0; !enough(rounds, done, time.Since(begun)); done++ {
		if err := turns(step, variants, samples); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

// turn is how long a variant has the machine to itself: short beside the time
// in which its speed changes, and long enough to find its caches and the
// predictions of its branches again, which others had meanwhile.
const turn = 5 * time.Millisecond

// stepOf is how many files make a turn, of the one that is fastest.
func stepOf(samples []Sample) int {
	step := 1
	for _, s := range samples {
		n, took := len(s.Rounds[0].Files), s.CPU()
		step = max(step, int(turn*time.Duration(n)/max(1, took)))
	}
	return step
}

// turns runs all variants once, step files of each in turn.
func turns(step int, variants []Variant, samples []Sample) error {
	runtime.GC()
	// A coroutine that is made on a locked thread stays on it, so that all
	// have the clock of this one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	files := len(samples[0].Rounds[0].Files)
	next := make([]func() (time.Duration, error, bool), len(variants))
	laps := make([][]time.Duration, len(variants))
	for i, v := range variants {
		if n := len(samples[i].Rounds[0].Files); n != files {
			return fmt.Errorf("measure %s: %d files, %s has %d", v.Name, n, samples[0].Name, files)
		}
		var stop func()
		next[i], stop = iter.Pull2(v.files(step))
		defer stop()
		laps[i] = make([]time.Duration, 0, files)
	}
	for from := 0; from < files; from += step {
		for i, v := range variants {
			for range min(step, files-from) {
				d, err, ok := next[i]()
				if err == nil && !ok {
					err = errors.New("fewer files than before")
				}
				if err != nil {
					return fmt.Errorf("measure %s: %w", v.Name, err)
				}
				laps[i] = append(laps[i], d)
			}
		}
	}
	for i := range samples {
		if _, err, ok := next[i](); ok { // it has ended, or failed at last
			if err == nil {
				err = errors.New("more files than before")
			}
			return fmt.Errorf("measure %s: %w", samples[i].Name, err)
		}
		samples[i].Laps = append(samples[i].Laps, laps[i])
	}
	return nil
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
