package write

import "github.com/apache/iceberg-go"

// Statement is one of ours: *Copy, *CreateTable, *DropTable.
type Statement interface{ statement() }

// Copy is COPY (query) TO 'ns.table' (FORMAT iceberg, ...).
type Copy struct {
	Query       string // as written, without its brackets
	QueryOffset int    // of Query in the statement, bytes: for errors of DuckDB
	Table       string
	Mode        Mode
	Where       string // ModeOverwrite only
	WapID       string
	WapBranch   string
	Step        string
	CreateTable bool
	PartitionBy []PartitionTerm // with CreateTable
	Summary     map[string]string
	ProcessName string // summary psyberg.process-name
	SessionID   string // summary psyberg.session-id; else WapID, or WapBranch after "psyberg_"
	ValidTo     string // summary psyberg.valid-to, ISO 8601 with offset
	// Computed are the options whose value is an expression: DuckDB works it
	// out before anything else is done.
	Computed []Computed
}

// Computed is an option of COPY that is given as an expression.
type Computed struct {
	Option string // upper case
	SQL    string
	Offset int // of SQL in the statement, bytes
	set    func(s *Copy, value string)
}

// CreateTable is CREATE TABLE ns.t (...) USING iceberg ...
type CreateTable struct {
	Table       string
	IfNotExists bool
	Columns     []iceberg.NestedField
	Comment     string
	Location    string
	PartitionBy []PartitionTerm
	Properties  iceberg.Properties
}

// DropTable is DROP TABLE ns.t USING iceberg.
type DropTable struct {
	Table    string
	IfExists bool
}

// PartitionTerm is one field of PARTITIONED BY.
type PartitionTerm struct {
	Transform iceberg.Transform
	Column    string // a nested one by its dotted name
	Offset    int
}

func (*Copy) statement()        {}
func (*CreateTable) statement() {}
func (*DropTable) statement()   {}

// FieldName is the name that Iceberg's own libraries give the partition field.
func (t PartitionTerm) FieldName() string {
	switch t.Transform.(type) {
	case iceberg.BucketTransform:
		return t.Column + "_bucket"
	case iceberg.TruncateTransform:
		return t.Column + "_trunc"
	case iceberg.YearTransform:
		return t.Column + "_year"
	case iceberg.MonthTransform:
		return t.Column + "_month"
	case iceberg.DayTransform:
		return t.Column + "_day"
	case iceberg.HourTransform:
		return t.Column + "_hour"
	case iceberg.VoidTransform:
		return t.Column + "_null"
	}
	return t.Column
}
