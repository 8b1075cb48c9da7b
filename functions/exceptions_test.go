package functions

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
)

// exceptions are the comparisons where the other engine is wrong:
// testdata/exceptions.txt, "suite table function : reason".
func exceptions(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		l := strings.TrimSpace(lines.Text())
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		key, reason, ok := strings.Cut(l, " : ")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Fatalf("testdata/exceptions.txt: %q has no reason", l)
		}
		out[strings.TrimSpace(key)] = reason
	}
	return out
}

// checker compares, minds the exceptions, and notices one that is not needed.
type checker struct {
	t      *testing.T
	except map[string]string
	used   map[string]bool
	over   map[string]bool // "table function" that was compared
	suite  string
	done   int
}

func newChecker(t *testing.T, suite string) *checker {
	c := &checker{t: t, except: exceptions(t), used: map[string]bool{}, over: map[string]bool{}, suite: suite}
	t.Cleanup(func() {
		t.Logf("%s: %d comparisons", suite, c.done)
		if c.done == 0 {
			t.Errorf("%s: nothing was compared", suite)
		}
		for key := range c.except {
			if c.over[key] && !c.used[key] {
				t.Errorf("testdata/exceptions.txt: %q is not needed: the rows are equal", key)
			}
		}
	})
	return c
}

// TestExceptionsAreAboutSomething: an exception for a table or a function that
// is never compared would excuse nothing; one that is compared and equal is
// found by the checker.
func TestExceptionsAreAboutSomething(t *testing.T) {
	compared := map[string]bool{"iceberg_manifests": true, "iceberg_files": true, "iceberg_entries": true, "iceberg_partitions": true, "iceberg_changes": true}
	for _, f := range metadataOnly {
		compared[f] = true
	}
	for key := range exceptions(t) {
		part := strings.Fields(key)
		if len(part) != 3 || part[0] != "spark" && part[0] != "pyiceberg" {
			t.Errorf("testdata/exceptions.txt: %q is not: suite table function", key)
			continue
		}
		if w := openWarehouse(t, part[0]); w.locations[part[1]] == "" || !compared[part[2]] {
			t.Errorf("testdata/exceptions.txt: %q: there is no such table, or its %s is not compared", key, part[2])
		}
	}
}

func (c *checker) rows(table, function, at string, got, want []map[string]any) {
	c.t.Helper()
	c.done++
	key := fmt.Sprintf("%s %s %s", c.suite, table, function)
	c.over[key] = true
	diff := sameRows(got, want)
	if diff == "" {
		return
	}
	if _, ok := c.except[key]; ok {
		c.used[key] = true
		return
	}
	c.t.Errorf("%s %s: %s", key, at, diff)
}
