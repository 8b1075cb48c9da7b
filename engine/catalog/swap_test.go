package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

func TestReplaceRowsComparesTheFilesSeen(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		swap := func(cat string, seen []string, added ...string) error {
			_, err := f.c.ReplaceRows(f.ctx, "ns.t", Swap{Field: "cat", Value: cat, Seen: seen, Added: f.files(added...)})
			return err
		}
		if err := swap("a", nil, "a1"); err != nil {
			t.Fatal(err)
		}
		if err := swap("b", nil, "b1"); err != nil {
			t.Fatal(err)
		}
		if err := swap("a", paths("a1"), "a2"); err != nil {
			t.Fatal(err)
		}
		f.want("main", "a2 b1")
		if err := swap("a", paths("a1"), "a3"); !errors.Is(err, ErrConflict) {
			t.Errorf("a swap on what is gone: %v", err)
		}
		if err := swap("b", nil, "b2"); !errors.Is(err, ErrConflict) {
			t.Errorf("an insert where rows are: %v", err)
		}
		if err := swap("b", paths("b1"), "a4"); err == nil {
			t.Error("a file of another partition was taken")
		}
		f.want("main", "a2 b1")
		live, err := f.c.LiveIn(f.ctx, "ns.t", "cat", "a")
		if err != nil || len(live) != 1 || live[0].Location != "/data/a2" || !live[0].Data || live[0].Records != 2 {
			t.Errorf("live in a: %+v %v", live, err)
		}
	})
}

func TestReplaceRowsOfManyProcessesAtOnce(t *testing.T) {
	f := newFixture(t, "2")
	const n = 6
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		cat := string(rune('a' + i))
		c, first, second := f.open(), f.files(cat+"1"), f.files(cat+"2")
		wg.Go(func() {
			_, err := c.ReplaceRows(f.ctx, "ns.t", Swap{Field: "cat", Value: cat, Added: first})
			_, err2 := c.ReplaceRows(context.Background(), "ns.t", Swap{Field: "cat", Value: cat, Seen: paths(cat + "1"), Added: second})
			errs[i] = errors.Join(err, err2)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	f.want("main", "a2 b2 c2 d2 e2 f2")

	// Of several at one partition exactly one wins.
	won := 0
	var mu sync.Mutex
	for i := range n {
		c, added := f.open(), f.file(fmt.Sprint("x", i), "a", 1)
		wg.Go(func() {
			_, err := c.ReplaceRows(f.ctx, "ns.t", Swap{Field: "cat", Value: "a", Seen: paths("a2"), Added: append(f.files(), added)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d swaps of the same files won", won)
	}
}
