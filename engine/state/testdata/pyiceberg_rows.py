"""Prints the rows of process p of a table that psyberg keeps, as JSON.

usage: pyiceberg_rows.py CATALOG.DB CATALOG_NAME TABLE COLUMN-TO-SORT-BY
"""
import json
import sys

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo

db, name, table, by = sys.argv[1:]
t = SqlCatalog(name, uri="sqlite:///" + db).load_table(table)
scan = t.scan(row_filter=EqualTo("process_name", "p"))
assert all(f.file.partition[0] == "p" for f in scan.plan_files()), "files of other processes"
print(json.dumps(scan.to_arrow().sort_by(by).to_pylist(), default=str))
