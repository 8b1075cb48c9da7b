package catalog

import "github.com/apache/iceberg-go"

// proximity is what a manifest has of the partition that changes.
type proximity int

const (
	holdsSome proximity = iota // or may have
	holdsNone
	holdsOnly
)

// group is what one manifest can hold.
type group struct {
	spec    int32
	content iceberg.ManifestContent
}

// stays is an entry of the parent, and whether it goes.
type stays struct {
	entry iceberg.ManifestEntry
	goes  bool
}

// join takes a manifest's entries into the one that addAll writes.
func (p *producer) join(mf iceberg.ManifestFile) error {
	g := group{mf.PartitionSpecID(), mf.ManifestContent()}
	for e, err := range mf.Entries(reader{p.a.st.files}, true) {
		if err != nil {
			return err
		}
		goes, err := p.goes(e.DataFile())
		if err != nil {
			return err
		}
		p.joined[g] = append(p.joined[g], stays{e, goes})
	}
	p.rewritten++
	return nil
}

// writeJoined writes the entries that join took.
func (p *producer) writeJoined(w *iceberg.ManifestWriter, all []stays) error {
	for _, j := range all {
		if !j.goes {
			if err := w.Existing(j.entry); err != nil {
				return err
			}
			continue
		}
		if err := p.tally.change(j.entry.DataFile(), true); err != nil {
			return err
		}
		if err := w.Delete(j.entry); err != nil {
			return err
		}
	}
	return nil
}
