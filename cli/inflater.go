package cli

import (
	"fmt"

	"psyberg/functions/manifest"
)

// inflaterVariable names, for all of the process, who inflates deflate blocks
// of manifests: own (the default), klauspost or std. It is no flag: nobody
// needs it but who suspects psyql's own inflater of an error.
const inflaterVariable = "PSYQL_INFLATER"

func (a *app) chooseInflater() error {
	name, _ := a.io.Env(inflaterVariable)
	i, err := manifest.ParseInflater(name)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", inflaterVariable, err)}
	}
	manifest.SetInflater(i)
	return nil
}
