package psyberg

import "maps"

// Summary is what a snapshot says of itself: texts by key, without
// "operation". The zero value says nothing.
//
// A history of 10,000 snapshots has 200,000 such texts, of which a question
// wants a few: they are decoded when they are asked for.
type Summary struct{ texts Texts }

// Texts are texts by key that something else decodes. They never change.
type Texts interface {
	// Lookup returns the text of a key, and whether there is one.
	Lookup(key string) (text string, ok bool)
	// Map returns all of them, as a map of the caller's own, never nil.
	Map() map[string]string
}

// SummaryOf makes a Summary of a map, which must not change any more.
func SummaryOf(m map[string]string) Summary { return Summary{mapped(m)} }

// SummaryFrom makes a Summary of texts that are not decoded yet.
func SummaryFrom(t Texts) Summary { return Summary{t} }

// Get returns the text of a key, "" where there is none.
func (s Summary) Get(key string) string {
	text, _ := s.Lookup(key)
	return text
}

// Lookup returns the text of a key, and whether there is one.
func (s Summary) Lookup(key string) (text string, ok bool) {
	if s.texts == nil {
		return "", false
	}
	return s.texts.Lookup(key)
}

// Map returns all texts, as a map of the caller's own, never nil.
func (s Summary) Map() map[string]string {
	if s.texts == nil {
		return map[string]string{}
	}
	return s.texts.Map()
}

type mapped map[string]string

func (m mapped) Lookup(key string) (string, bool) {
	text, ok := m[key]
	return text, ok
}

func (m mapped) Map() map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}
