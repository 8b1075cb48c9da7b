package functions

import "psyberg/functions/surface"

// All is the list of the SQL surface that this package holds, in the order in
// which \df prints it. Every entry is a file of its name.
func All(tables surface.Tables) []*surface.Function {
	return []*surface.Function{
		tablesFunction(tables),
		snapshotsFunction(tables),
		historyFunction(tables),
		refsFunction(tables),
		metadataLogFunction(tables),
		propertiesFunction(tables),
		schemasFunction(tables),
		partitionSpecsFunction(tables),
		manifestsFunction(tables),
		entriesFunction(tables),
		filesFunction(tables),
		partitionsFunction(tables),
		changesFunction(tables),
	}
}
