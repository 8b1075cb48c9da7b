// Package sql holds the scripts of the commands: init, audit, publish, commit,
// and in demo those of psyql demo.
// A command runs the script of its name; psyql show prints it, so that a user
// can copy and change it. A script declares its parameters in its head
// (package lex: "-- @param name [= default]") and binds them as $name.
package sql

import "embed"

// Files are the scripts by name: init.sql, demo/late.sql.
//
//go:embed *.sql demo
var Files embed.FS
