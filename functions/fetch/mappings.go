package fetch

import "sync"

// LongFile is from how many bytes on a local file is better mapped than read:
// what is in the system's memory is not copied, which costs more than to map it.
const LongFile = 64 << 10

// spaceBytes is how much address space is mapped before it is given back at once.
// A processor that has to be told takes tens of microseconds, and hundreds where
// it sleeps: as much as to copy a megabyte.
const spaceBytes = 32 << 20

// headBytes is how much is seen of how a file begins: more than a manifest's header.
const headBytes = 16 << 10

// Mappings maps local files that are read once, by several at a time, instead of
// copying them. They lie one behind the other in spaces of addresses, and it is
// for a whole space that mapping ends: each time, all processors are interrupted.
// Files that were given back may so be mapped for a while, a few spaces at most;
// Close, which has to be called, ends it.
type Mappings struct {
	// Worth says of how a file begins whether those like it are better mapped. The
	// first long file that is asked for decides for all.
	Worth func(head []byte) bool

	mu      sync.Mutex
	decided bool
	mapping bool
	now     *space // the one that files are added to, nil for none
}

// space is addresses, the first of which have files.
type space struct {
	mem   []byte
	used  int  // bytes of mem
	files int  // that are in use
	full  bool // no file is added any more
}

// Map returns a whole local file, mapped; free says that its bytes are not looked
// at any more. Whoever reads them has to expect that they are gone: a disk may
// fail, and somebody may cut the file short. data is nil for a file that is to be
// read: one of fewer than LongFile bytes, those that Worth says no of, and where
// files are not mapped. One of more than most bytes is refused.
func (m *Mappings) Map(path string, most int64) (data []byte, free func(), err error) {
	if m.decidedNot() {
		return nil, nil, nil
	}
	f, err := openFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // nothing is written
	if err := f.check(most); err != nil || f.size < LongFile {
		return nil, nil, err
	}
	if worth, err := m.worth(f); err != nil || !worth {
		return nil, nil, err
	}
	s, data := m.room(int(f.size))
	if s == nil {
		return nil, nil, nil
	}
	free = sync.OnceFunc(func() { m.free(s) })
	if !f.mapTo(data) {
		free()
		return nil, nil, nil
	}
	return data, free, nil
}

// Close gives back what no file is in use of, and the rest when that is free.
func (m *Mappings) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.decided, m.mapping = true, false
	m.leave()
}

func (m *Mappings) decidedNot() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.decided && !m.mapping
}

// worth reports whether files are mapped, which the first one decides.
func (m *Mappings) worth(f *localFile) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.decided {
		head := make([]byte, headBytes)
		n, err := f.Read(head)
		if err != nil {
			return false, err
		}
		m.decided, m.mapping = true, m.Worth(head[:n])
	}
	return m.mapping, nil
}

// room returns addresses for so many bytes of a file, and the space, in use of a
// file more, that they are of; nil where the system has none, and no file is mapped
// any more then.
func (m *Mappings) room(size int) (*space, []byte) {
	pages := wholePages(size)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || pages > len(m.now.mem)-m.now.used {
		m.leave()
		mem := reserve(max(pages, spaceBytes))
		if mem == nil {
			m.mapping = false
			return nil, nil
		}
		m.now = &space{mem: mem}
	}
	s := m.now
	from := s.used
	s.used += pages
	s.files++
	return s, s.mem[from : from+size : from+size]
}

// leave has no file be added to the space that there is.
func (m *Mappings) leave() {
	if s := m.now; s != nil {
		m.now, s.full = nil, true
		s.end()
	}
}

func (m *Mappings) free(s *space) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.files--
	s.end()
}

// end gives the addresses back that nobody needs any more.
func (s *space) end() {
	if s.full && s.files == 0 {
		release(s.mem)
	}
}
