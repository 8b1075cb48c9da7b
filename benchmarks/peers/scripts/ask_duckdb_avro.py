"""Answers a question about a table with DuckDB's read_avro over its manifests, once per line of stdin."""
import glob
import json
import os
import resource
import sys

import duckdb

table = json.load(open(sys.argv[1]))
question = sys.argv[2]

con = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False})
found = [p for root in sys.path for p in glob.glob(os.path.join(root, "duckdb_extension_avro", "**", "*.duckdb_extension"), recursive=True)]
con.load_extension(found[0] if found else "avro")
con.execute("SET TimeZone = 'UTC'")
con.execute("SET preserve_insertion_order = false")

batch = "data_file.partition.batch_id" if table["Config"]["Wide"] else "''"
# PyIceberg's and Java's date is Avro's logical type; read as DATE or as days.
date = "data_file.partition.landing_date"
kind = con.execute("DESCRIBE SELECT %s AS d FROM read_avro(?)" % date, [table["Manifests"][0]]).fetchone()[1]
days = "(%s - DATE '1970-01-01')" % date if kind == "DATE" else date
files = "read_avro(%s)" % json.dumps(table["Manifests"]).replace('"', "'")


def bound(name):
    h = "hex(list_filter(data_file.%s, x -> x.key = 2)[1].value)" % name
    if con.execute("DESCRIBE SELECT data_file.%s AS d FROM read_avro(?)" % name, [table["Manifests"][0]]).fetchone()[1].startswith("MAP"):
        h = "hex(data_file.%s[2])" % name
    return "('0x' || " + " || ".join("%s[%d:%d]" % ("h", i, i + 1) for i in range(15, 0, -2)) + ")::BIGINT", h


if question == "Q1":
    sql = (f"SELECT {days} * 24 + data_file.partition.landing_hour, {batch}, count(*), sum(data_file.file_size_in_bytes)::BIGINT "
           f"FROM {files} WHERE status <> 2 GROUP BY ALL")
else:
    (lo, lower), (hi, upper) = bound("lower_bounds"), bound("upper_bounds")
    last = con.execute("SELECT DATE '%s' - DATE '1970-01-01'" % table["LastDay"]).fetchone()[0]
    sql = (f"SELECT hour, batch, count(*), min({lo.replace('h[', 'l[')}), max({hi.replace('h[', 'u[')}) FROM ("
           f"SELECT {days} * 24 + data_file.partition.landing_hour AS hour, {batch} AS batch, {lower} AS l, {upper} AS u "
           f"FROM {files} WHERE status <> 2 AND {days} = {last}) GROUP BY ALL")


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return int((r.ru_utime + r.ru_stime) * 1e9)


for _ in sys.stdin:
    before = cpu()
    rows = [list(r) for r in con.execute(sql).fetchall()]
    used = cpu() - before
    print('{"cpu":%d,"rows":%s}' % (used, json.dumps(rows)), flush=True)
