package functions

import (
	"psyberg/functions/discover"
	"psyberg/functions/surface"
)

// Psyberg is the list of the functions that discover what is new to a
// process. They only shape rows: discover reads, package psyberg decides.
func Psyberg(d discover.Deps) []*surface.Function {
	return []*surface.Function{
		windowFunction(d),
		newPartitionsFunction(d),
		statefulRangeFunction(d),
		iterationsFunction(d),
		psybergFilesFunction(d),
		lateFunction(d),
		whyFunction(d),
		expiryFloorFunction(d),
	}
}
