// Package functions is the SQL surface: one table function a file. A file holds
// the text that \df+ prints, the columns with their types, bind, and the rows.
//
// A function never imports the engine: it states what it needs of tables in
// package surface, and yields Arrow batches with the columns it was asked for.
package functions
