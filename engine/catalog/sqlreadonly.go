package catalog

import (
	"database/sql"
	"strings"
)

// readable is db, or, where the file is in WAL mode and its folder must not be
// written to (another user's warehouse, a read-only mount), the file as it lies
// there: SQLite wants to make files beside it otherwise. What a process that may
// write has in such a file of its own is seen once SQLite has put it into this one.
func readable(db *sql.DB, path string) (*sql.DB, error) {
	var n int
	err := db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n)
	if err == nil || !isReadonly(err) {
		return db, nil // whoever asks next is told
	}
	_ = db.Close() // nothing was read
	db, err = sql.Open("sqlite", sqliteDSN(path, "ro", false)+"&immutable=1")
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(0) // it looks at the file once: each query does, so that it sees what others have written
	return db, nil
}

func isReadonly(err error) bool {
	return strings.Contains(err.Error(), "attempt to write a readonly database")
}
