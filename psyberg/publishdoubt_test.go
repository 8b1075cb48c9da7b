package psyberg

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

// alone is a table whose metadata log is empty.
func alone(h *History, head Pin) iter.Seq2[*History, Pin] {
	return func(yield func(*History, Pin) bool) { yield(h, head) }
}

// TestP6_LeftPublish: what the target's history says of a publish that was
// begun, of a snapshot 10 staged after the session began at hour 3.
func TestP6_LeftPublish(t *testing.T) {
	cut := func(ids ...SnapshotID) *History { // the oldest has lost the one before by expiry
		all := chain(append([]SnapshotID{ids[0] - 1}, ids...)...)
		return NewHistory("u", 2, all[1:])
	}
	staged := func(h *History, sequence SequenceNumber) *History {
		tip := &Snapshot{ID: 10, Sequence: sequence, CommittedAt: 4 * microsPerHour, Operation: "append"}
		return NewHistory("u", h.FormatVersion, append([]*Snapshot{tip}, h.Snapshots...))
	}
	byPyIceberg := chain(5, 6) // it takes the name of the parent away
	byPyIceberg[0].Summary = SummaryOf(map[string]string{"added-data-files": "1", "total-data-files": "3"})
	for name, c := range map[string]struct {
		h    *History
		head Pin
		want PastMove
	}{
		"no snapshot":         {NewHistory("u", 2, nil), Pin{}, NotMoved},
		"nothing has expired": {NewHistory("u", 2, chain(1, 2, 3, 4, 5)), PinOf(5), NotMoved},
		"a snapshot from before the session is left":     {cut(2, 4, 5), PinOf(5), NotMoved},
		"one from when it began: clocks differ":          {cut(3, 4, 5), PinOf(5), MovedOrNot},
		"all that is left is younger":                    {cut(5, 6), PinOf(6), MovedOrNot},
		"PyIceberg expired the same":                     {NewHistory("u", 2, byPyIceberg), PinOf(6), MovedOrNot},
		"its child is left, and names it":                {cut(11, 12), PinOf(12), WasMovedTo},
		"staged still, the line goes back before it":     {staged(cut(5, 6), 5), PinOf(6), NotMoved},
		"staged still, the line does not":                {staged(cut(5, 6), 4), PinOf(6), MovedOrNot},
		"staged still, without sequence numbers (v1)":    {staged(cut(5, 6), 0), PinOf(6), MovedOrNot},
		"staged still, v1, the line goes back before it": {staged(cut(2, 6), 0), PinOf(6), NotMoved},
	} {
		left := LeftPublish{ID: "s", Staged: 10, Since: 3 * microsPerHour}
		if got, _ := left.Moved(alone(c.h, c.head)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestP6_WhatOlderVersionsShow: the present metadata.json leaves a doubt whether
// the publish of snapshot 4 happened, and those before it are read. A version is
// its line, oldest first: "(5) 6 7" names 5, which has expired, "? 6 7" has lost
// the name. 4s is the staged snapshot, 5p its replay; after a bar stands what is
// on no line. Snapshots are numbered in the order in which they were made. The
// process that looked itself saw 3, the session began an hour before.
func TestP6_WhatOlderVersionsShow(t *testing.T) {
	type answer struct {
		past  PastMove
		shown SnapshotID
	}
	moved := func(to SnapshotID) answer { return answer{WasMovedTo, to} }
	not, doubt := answer{NotMoved, 0}, answer{MovedOrNot, 0}
	for name, c := range map[string]struct {
		versions []string // newest first
		itself   answer   // of the process that recorded the intent
		other    answer   // of any other
		asked    int      // the versions that it takes; 0: all
	}{
		"nothing is left of the log":                       {[]string{"(8) 9"}, doubt, doubt, 0},
		"the log ends too early":                           {[]string{"(8) 9", "(7) 8 9", "(7) 8", "(6) 7"}, doubt, doubt, 0},
		"before the expiry the replay is there":            {[]string{"(8) 9", "1 2 3 5p 8 9 | 4s", "1 2"}, moved(5), moved(5), 2},
		"before the expiry it is clear that there is none": {[]string{"(8) 9", "(2) 3 5 8 9 | 4s", "1 2"}, not, not, 2},
		"each version retains one, the replay in the end":  {[]string{"(8) 9", "(7) 8", "(5) 7", "(3) 5p | 4s"}, moved(5), moved(5), 0},
		"each version retains one, and there is none":      {[]string{"(8) 9", "(7) 8", "(5) 7", "(3) 5 | 4s", "(2) 3 | 4s"}, not, not, 0},
		"it was fast-forwarded":                            {[]string{"(8) 9", "(3) 4s 8 9"}, moved(4), moved(4), 0},
		"it was fast-forwarded, its child names it":        {[]string{"(8) 9", "(4) 8 9"}, moved(4), moved(4), 0},
		"versions are lost, what they added is not":        {[]string{"(6) 7 8 9", "1 2 3 5 6"}, not, not, 0},
		"versions are lost, the replay is found below":     {[]string{"(6) 7 8 9", "1 2 3 5p 6"}, moved(5), moved(5), 0},
		"versions are lost, the replay is found above":     {[]string{"(8) 9", "(3) 5p 6 7 8", "1 2 3"}, moved(5), moved(5), 2},
		"versions are lost, and what they added":           {[]string{"(8) 9", "1 2 3 6"}, doubt, doubt, 0},
		"as before, and the older one has the replay":      {[]string{"(8) 9", "1 2 3 5p 6"}, doubt, doubt, 0},
		"rolled back in between":                           {[]string{"(8) 9", "(7) 8", "1 2 3 5p 6"}, doubt, doubt, 0},
		"rolled back earlier than one has to look":         {[]string{"(8) 9", "1 2 3 8 9 | 4s 5p", "1 2 3 5p"}, not, not, 2},
		"rolled back, then forward again":                  {[]string{"(8) 9", "(6) 8", "(5) 6", "(2) 3 5 | 4s 6"}, not, not, 0},
		"PyIceberg expired: the head is the same":          {[]string{"? 8 9", "1 2 3 5p 8 9"}, moved(5), moved(5), 0},
		"PyIceberg expired, a version is lost":             {[]string{"? 9", "1 2 3 5p 8"}, doubt, doubt, 0},
		"the first that is left has another main":          {[]string{"(8) 9", "main of another table: 1 2 3 8"}, doubt, doubt, 0},
		"the older one has no main":                        {[]string{"(8) 9", ""}, doubt, doubt, 0},
		"the older one lacks main's snapshot":              {[]string{"(8) 9", "(8)"}, doubt, doubt, 0},
	} {
		for who, want := range map[string]answer{"itself": c.itself, "other": c.other} {
			left := LeftPublish{ID: "s", Staged: 4, Since: 2 * microsPerHour}
			if seen := PinOf(3); who == "itself" {
				left.Seen = &seen
			}
			asked := 0
			past, shown := left.Moved(func(yield func(*History, Pin) bool) {
				for _, v := range c.versions {
					if asked++; !yield(versionOf(t, v)) {
						return
					}
				}
			})
			if got := (answer{past, shown}); got != want {
				t.Errorf("%s, who looked %s: %v, want %v", name, who, got, want)
			}
			if c.asked > 0 && asked != c.asked {
				t.Errorf("%s, who looked %s: it took %d versions, want %d", name, who, asked, c.asked)
			}
		}
	}
}

// versionOf reads a version as TestP6_WhatOlderVersionsShow writes them.
func versionOf(t *testing.T, text string) (*History, Pin) {
	t.Helper()
	uuid := "u"
	if own, other := strings.CutPrefix(text, "main of another table: "); other {
		uuid, text = "v", own
	}
	line, loose, _ := strings.Cut(text, "|")
	var all []*Snapshot
	var head, parent Pin
	lost := false
	for i, word := range append(strings.Fields(line), strings.Fields(loose)...) {
		onLine := i < len(strings.Fields(line))
		if word == "?" {
			lost = true
			continue
		}
		var id SnapshotID
		var mark string
		if _, err := fmt.Sscanf(strings.Trim(word, "()"), "%d%s", &id, &mark); id == 0 {
			t.Fatalf("version %q: %v", text, err)
		}
		if onLine {
			head = PinOf(id)
		}
		if strings.HasPrefix(word, "(") {
			parent = head
			continue
		}
		s := chain(id)[0]
		summary := s.Summary.Map()
		if key := map[string]string{"s": SummaryWAPID, "p": SummaryPublishedWAPID}[mark]; key != "" {
			summary[key] = "s"
		}
		if onLine {
			s.Parent, s.HasParent = parent.ID, parent.Has
			parent = head
		}
		if lost {
			summary["total-data-files"] = "7"
			lost = false
		}
		s.Summary = SummaryOf(summary)
		all = append(all, s)
	}
	slices.Reverse(all)
	return NewHistory(uuid, 2, all), head
}

// TestP6_WhoLookedItself: what the history says to the process that looked when
// the head was 5, recorded its intent to publish 10, and slept.
func TestP6_WhoLookedItself(t *testing.T) {
	cut := func(ids ...SnapshotID) *History {
		return NewHistory("u", 2, chain(append([]SnapshotID{ids[0] - 1}, ids...)...)[1:])
	}
	for name, c := range map[string]struct {
		h    *History
		head Pin
		seen Pin
		want PastMove
	}{
		"the head has not moved":                    {cut(5), PinOf(5), PinOf(5), NotMoved},
		"it has, and all that came since is left":   {cut(5, 6), PinOf(6), PinOf(5), NotMoved},
		"the oldest that is left names it":          {cut(6, 7), PinOf(7), PinOf(5), NotMoved},
		"it has expired, and what followed":         {cut(7, 8), PinOf(8), PinOf(5), MovedOrNot},
		"its child is left, and names it":           {cut(11, 12), PinOf(12), PinOf(5), WasMovedTo},
		"rolled back, and nothing has expired":      {NewHistory("u", 2, chain(1, 2, 3)), PinOf(3), PinOf(5), NotMoved},
		"there was no snapshot, and is none":        {NewHistory("u", 2, nil), Pin{}, Pin{}, NotMoved},
		"there was none, and all that came is left": {NewHistory("u", 2, chain(1, 2)), PinOf(2), Pin{}, NotMoved},
		"there was none, and the first has expired": {cut(2, 3), PinOf(3), Pin{}, MovedOrNot},
	} {
		left := LeftPublish{ID: "s", Staged: 10, Seen: &c.seen}
		if got, _ := left.Moved(alone(c.h, c.head)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
