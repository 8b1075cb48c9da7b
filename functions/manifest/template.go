package manifest

import "encoding/binary"

// A manifest's entries are much alike: the same keys in their maps, the same
// branches of their unions, and numbers as long as in the entry before. What
// the bytes of a field are then is learned: which have to be the same, of which
// only the highest bit has to be (those of a number that nobody wants), and which
// may be anything. Where these fit, the place after the field is known without
// walking to it: the processor need not wait for one load to begin the next.
type template struct {
	value  uint64 // of the first eight bytes
	mask   uint64
	length int             // of the field
	more   []templateWords // the bytes after the first eight
	again  retries
}

// retries counts how often something is learned that may not fit for long.
type retries struct {
	tries int
	at    int64 // the entry that it was learned from, or last tried
}

// templateWords are of templateStep bytes.
type templateWords struct{ value, mask [templateStep / 8]uint64 }

const templateStep = 32

const (
	// maxTemplate is how many bytes of a field are learned.
	maxTemplate = 256
	// maxTries is how often a template is learned that does not fit often.
	maxTries = 16
	// enoughHits is how many entries it has to fit before it is learned anew, to count as one that fits.
	enoughHits = 8
	// untilRetry is after how many entries one is learned again that did not fit.
	untilRetry = 300
)

// rest reports whether the bytes at p fit those after the first eight. Near the
// end of b it says that they do not.
func (t *template) rest(b []byte, p int) bool {
	odd := uint64(0)
	for i := range t.more {
		if p < 0 || p > len(b)-templateStep {
			return false
		}
		w, x := &t.more[i], b[p:p+templateStep:p+templateStep]
		odd |= (le.Uint64(x) ^ w.value[0]) & w.mask[0]
		odd |= (le.Uint64(x[8:]) ^ w.value[1]) & w.mask[1]
		odd |= (le.Uint64(x[16:]) ^ w.value[2]) & w.mask[2]
		odd |= (le.Uint64(x[24:]) ^ w.value[3]) & w.mask[3]
		p += templateStep
	}
	return odd == 0
}

// may reports whether the template of a field may be learned from an entry which
// the one there is does not fit.
func (t *template) may(entry int64) bool {
	if !t.again.may(entry) {
		return false
	}
	t.forget()
	return true
}

// may reports whether to learn from an entry which what was learned does not fit.
func (r *retries) may(entry int64) bool {
	switch since := entry - r.at; {
	case since > untilRetry:
		r.tries = maxTries - 4
	case r.tries >= maxTries:
		return false
	case since > enoughHits:
		r.tries = 0
	}
	r.at = entry
	r.tries++
	return true
}

// forget has a template fit nothing.
func (t *template) forget() { t.value, t.mask, t.more = 1, 0, t.more[:0] }

// learner says of the bytes of fields what is to be the same of each.
type learner struct {
	dec
	same [maxTemplate]byte
	said int // so many bytes
}

// say says it of the bytes that were read since the last time.
func (l *learner) say(same byte) {
	for ; l.said < l.pos; l.said++ {
		l.same[l.said] = same
	}
}

// pairs reads an optional map of one block or none, whose values are numbers or
// bytes. At most one is picked, and is there once; a number may be missing. It
// is from one place to another.
func (l *learner) pairs(bytes bool, picks []pick) (from, to int) {
	found := 0
	if l.long() > 0 { // the branch
		n := l.long()
		for i := n; i > 0 && l.err == nil; i-- {
			key := l.long()
			if !bytes {
				l.say(0xff)
				at := l.pos
				if l.number(); len(picks) > 0 && key == int64(picks[0].key) {
					found++
					from, to = at, l.pos
				}
				continue
			}
			size := l.long()
			l.say(0xff)
			if len(picks) > 0 && key == int64(picks[0].key) {
				found++
				from, to = l.pos, l.pos+int(size)
			}
			l.fixed(size)
			l.say(0)
		}
		if n != 0 {
			l.long()
		}
	}
	if len(picks) > 1 || found > len(picks) || bytes && found < len(picks) {
		l.fail(errShort)
	}
	l.say(0xff)
	return from, to
}

// number reads a number, which may be any other of so many bytes. Of ten, the
// last one may not be any.
func (l *learner) number() {
	at := l.pos
	if l.long(); l.pos-at == binary.MaxVarintLen64 {
		l.pos--
		l.say(0x80)
		l.pos++
		l.say(0xff)
	}
	l.say(0x80)
}

// learn makes the template of what the learner read to its end.
func (t *template) learn(l *learner) bool {
	if l.err != nil || l.pos != len(l.b) || l.said != l.pos || l.pos == 0 {
		return false
	}
	t.forget()
	t.length = len(l.b)
	t.more = append(t.more, make([]templateWords, (max(len(l.b)-8, 0)+templateStep-1)/templateStep)...)
	t.value = 0
	for i, c := range l.b {
		value, mask := &t.value, &t.mask
		if k := i/8 - 1; k >= 0 {
			w := &t.more[k/len(t.more[0].mask)]
			value, mask = &w.value[k%len(w.value)], &w.mask[k%len(w.mask)]
		}
		*value |= uint64(c&l.same[i]) << (i & 7 * 8)
		*mask |= uint64(l.same[i]) << (i & 7 * 8)
	}
	return true
}
