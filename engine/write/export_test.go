package write

// For the tests outside, which run DuckDB: engine must not be imported here.
var TransformSQL = transformSQL

// SetStep sets the hook that tests fail or kill at.
func (w *Writer) SetStep(step func(string) error) { w.step = step }
