"""Reads process p of a session table, then deletes and appends rows of q.

usage: pyiceberg_state.py CATALOG.DB CATALOG_NAME TABLE
"""
import json
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import And, EqualTo

db, name, table = sys.argv[1:]
t = SqlCatalog(name, uri="sqlite:///" + db).load_table(table)
rows = t.scan(row_filter=EqualTo("process_name", "p")).to_arrow().sort_by("session_id").to_pylist()
files = list(t.scan(row_filter=EqualTo("process_name", "p")).plan_files())
assert len(files) == 1, f"{len(files)} files hold process p"
f = files[0].file
assert f.partition[0] == "p" and f.record_count == 2, f
assert f.lower_bounds[1] == b"p" and f.null_value_counts[1] == 0 and f.value_counts[1] == 2, f
print(json.dumps(rows, default=str))

t.delete(And(EqualTo("process_name", "q"), EqualTo("session_id", "s1")))
t.refresh()
one = t.scan(row_filter=EqualTo("process_name", "q")).to_arrow()
i = one.schema.get_field_index("session_id")
t.append(one.set_column(i, one.schema.field(i), pa.array(["s9"], one.schema.field(i).type)))
