package write

import (
	"context"
	"errors"
	"fmt"

	icecatalog "github.com/apache/iceberg-go/catalog"

	"psyberg/engine/bridge"
	"psyberg/functions/surface"
)

// Writer runs the statements of this package. It is a bridge.Handler.
type Writer struct {
	commit Committer
	tables surface.Tables
	// step, where it is not nil, is called before every step that touches the
	// world: tests fail or kill there.
	step func(string) error
}

var _ bridge.Handler = (*Writer)(nil)

// New returns a Writer that commits through c and reads the tables that an
// overwrite has to keep rows of through tables.
func New(c Committer, tables surface.Tables) *Writer { return &Writer{commit: c, tables: tables} }

// Handle implements bridge.Handler. A COPY returns one row like DuckDB's: Count
// BIGINT, the rows written, 0 where the work was done before. The other
// statements return nothing.
//
// Inside BEGIN .. COMMIT a statement is refused: what it commits to a table
// would stay after a ROLLBACK.
func (w *Writer) Handle(ctx context.Context, r bridge.Runner, stmt string) (bool, bridge.Rows, error) {
	s, ours, err := Parse(stmt)
	if !ours {
		return false, nil, nil
	}
	if err != nil {
		return true, nil, err
	}
	if err := refuseTransaction(ctx, r); err != nil {
		return true, nil, err
	}
	switch s := s.(type) {
	case *Copy:
		count, err := w.copy(ctx, r.Direct, s)
		if err != nil {
			return true, nil, err
		}
		column := []bridge.Column{{Name: "Count", Type: bridge.Simple("BIGINT")}}
		return true, bridge.NewStaticRows(column, [][]any{{count}}), nil
	case *CreateTable:
		return true, nil, w.create(ctx, s)
	case *DropTable:
		err := w.commit.DropTable(ctx, s.Table)
		if s.IfExists && errors.Is(err, icecatalog.ErrNoSuchTable) {
			err = nil
		}
		return true, nil, err
	}
	return true, nil, fmt.Errorf("run statement: %T is none that this package runs", s)
}

// refuseTransaction refuses to work in a transaction that the user began:
// there, two statements have one transaction id.
func refuseTransaction(ctx context.Context, r bridge.Runner) error {
	var ids [2]any
	for i := range ids {
		rows, err := r.Direct(ctx, "SELECT txid_current()")
		if err != nil {
			return err
		}
		if rows.Next() {
			ids[i] = rows.Row()[0]
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	if ids[0] == ids[1] {
		return errors.New("write to an Iceberg table: a transaction is open, and a ROLLBACK would not undo the write: COMMIT first")
	}
	return nil
}

func (w *Writer) create(ctx context.Context, s *CreateTable) error {
	def, err := definition(s.Columns, s.PartitionBy)
	if err != nil {
		return err
	}
	def.Properties, def.Location = s.Properties, s.Location
	if s.Comment != "" {
		def.Properties["comment"] = s.Comment
	}
	_, err = w.commit.CreateTable(ctx, s.Table, *def)
	if s.IfNotExists && errors.Is(err, icecatalog.ErrTableAlreadyExists) {
		return nil
	}
	return err
}
