package manifest

// listMemory is where the parts of manifests are put, many in one piece.
type listMemory struct {
	text  []byte // of paths, of the block that is being read
	ends  []int  // of each path in text
	sums  []FieldSummary
	bytes []byte
	items []FieldSummary // of the entry that is being read
}

// Pieces of listMemory, in bytes and summaries.
const (
	listBytesPiece = 16 << 10
	listSumsPiece  = 512
)

// keep copies b; an empty value stays apart from nil.
func (m *listMemory) keep(b []byte) []byte {
	if cap(m.bytes)-len(m.bytes) < len(b) || m.bytes == nil {
		m.bytes = make([]byte, 0, max(len(b), min(listBytesPiece, 64+2*cap(m.bytes))))
	}
	n := len(m.bytes)
	m.bytes = append(m.bytes, b...)
	return m.bytes[n:len(m.bytes):len(m.bytes)]
}

// kept are the items of the entry that was read.
func (m *listMemory) kept() []FieldSummary {
	if cap(m.sums)-len(m.sums) < len(m.items) || m.sums == nil {
		m.sums = make([]FieldSummary, 0, max(len(m.items), min(listSumsPiece, 4+2*cap(m.sums))))
	}
	n := len(m.sums)
	m.sums = append(m.sums, m.items...)
	m.items = m.items[:0]
	return m.sums[n:len(m.sums):len(m.sums)]
}

// paths gives the files of a block their paths: those whose path is still "".
func (m *listMemory) paths(files []File) {
	text, from := string(m.text), 0
	i := 0
	for _, end := range m.ends {
		for files[i].Path != "" {
			i++
		}
		files[i].Path = text[from:end]
		from = end
		i++
	}
	m.text, m.ends = m.text[:0], m.ends[:0]
}
