package bridge

// Column is one column of a result.
type Column struct {
	Name string
	Type *Type
}

// Rows is a result that is read once, front to back.
type Rows interface {
	// Columns is the same before, while and after reading; empty for
	// statements that return nothing.
	Columns() []Column
	// Next makes the next row current; false at the end or at an error.
	Next() bool
	// Row is the current row, valid until Next or Close. Values are as
	// described at Type.
	Row() []any
	// Changed is the number of rows that a DML statement changed, -1 for
	// other statements.
	Changed() int64
	// Err is the error that ended the rows.
	Err() error
	// Close frees the result; it may be called twice and stops a statement
	// that is still running.
	Close() error
}

// StaticRows is a result that is already there.
type StaticRows struct {
	columns []Column
	rows    [][]any
	at      int
}

// NewStaticRows returns a result of rows, which are not copied.
func NewStaticRows(columns []Column, rows [][]any) *StaticRows {
	return &StaticRows{columns: columns, rows: rows, at: -1}
}

// Columns implements Rows.
func (r *StaticRows) Columns() []Column { return r.columns }

// Next implements Rows.
func (r *StaticRows) Next() bool {
	if r.at+1 >= len(r.rows) {
		return false
	}
	r.at++
	return true
}

// Row implements Rows.
func (r *StaticRows) Row() []any { return r.rows[r.at] }

// Changed implements Rows.
func (r *StaticRows) Changed() int64 { return -1 }

// Err implements Rows.
func (r *StaticRows) Err() error { return nil }

// Close implements Rows.
func (r *StaticRows) Close() error { return nil }
