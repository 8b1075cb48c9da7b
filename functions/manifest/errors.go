package manifest

import (
	"errors"
	"fmt"
)

// DamageError says that a file is not what it should be: cut short, changed,
// or no Avro file at all. It says where.
type DamageError struct {
	What   string // "manifest" or "manifest list"
	Name   string // as it was given to Scan or ReadList
	Offset int64  // bytes into the file: of the block, or of the header's part, that cannot be read
	Entry  int64  // number of the entry, counted from 0 over the whole file; -1 where it is not about one
	Cause  error
}

// Code tells scripts what kind of error this is.
func (e *DamageError) Code() string { return "PSY_DAMAGED" }

func (e *DamageError) Error() string {
	where := fmt.Sprintf("at byte %d", e.Offset)
	if e.Entry >= 0 {
		where = fmt.Sprintf("entry %d, in the block at byte %d", e.Entry, e.Offset)
	}
	return fmt.Sprintf("read %s %q %s: %v [%s]", e.What, e.Name, where, e.Cause, e.Code())
}

func (e *DamageError) Unwrap() error { return e.Cause }

// What can be wrong with any file; other causes are made where they are found.
var (
	errNotAvro = errors.New("not an Avro file")
	errShort   = errors.New("cut short")
	errSync    = errors.New("sync marker missing: the file is damaged here or before")
	errVarint  = errors.New("number of more than 64 bits")
	errLeft    = errors.New("bytes left over after the last entry of the block")
	errGone    = errors.New("cannot be read any more: the disk failed, or the file was cut short meanwhile")
	errTooBig  = errors.New("block that is far larger than its file lets expect")
)

// mostOf bounds one block of a file of so many bytes when decompressed: what
// is read takes memory in proportion to the file, however well a block says
// that it was packed. Real manifests shrink to a fifth or a tenth, and have
// many blocks.
func mostOf(file int) int { return min(maxBlock, 6*file+12<<20) }

// maxBlock bounds one block when decompressed. Writers make blocks of 16 KiB
// to a few MiB; one that expands to more than this is an attack or damage.
const maxBlock = 256 << 20
