package shell

import "strings"

// recall walks through the history with the arrow keys: what was being typed
// is its newest entry.
type recall struct {
	entries []string
	at      int
	draft   string
}

// older is the entry before, or false at the first one.
func (r *recall) older(h *History, typed string) (string, bool) {
	if r.entries == nil {
		_, _ = h.refresh() // what cannot be read is not offered
		r.entries = h.All()
		r.at, r.draft = len(r.entries), typed
	}
	if r.at == 0 {
		return "", false
	}
	r.at--
	return r.entries[r.at], true
}

// newer is the entry after; behind the last one what was being typed.
func (r *recall) newer() (string, bool) {
	if r.entries == nil || r.at >= len(r.entries) {
		return "", false
	}
	r.at++
	if r.at == len(r.entries) {
		return r.draft, true
	}
	return r.entries[r.at], true
}

// search is Ctrl-R: entries that have a text in them, the newest first.
type search struct {
	entries []string
	typed   string
	at      int  // the entry that is shown, -1: none
	failed  bool // no entry further back has it
	before  string
}

func newSearch(h *History, before string) *search {
	_, _ = h.refresh()
	s := &search{entries: h.All(), before: before}
	s.at = len(s.entries)
	return s
}

// find looks from entry from backwards.
func (s *search) find(from int) {
	for i := min(from, len(s.entries)-1); i >= 0; i-- {
		if strings.Contains(strings.ToLower(s.entries[i]), strings.ToLower(s.typed)) {
			s.at, s.failed = i, false
			return
		}
	}
	s.failed = true
}

// shown is the entry found, "" before there is one.
func (s *search) shown() string {
	if s.at >= 0 && s.at < len(s.entries) {
		return s.entries[s.at]
	}
	return ""
}
