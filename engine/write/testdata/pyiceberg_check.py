"""Reads tables that psyql wrote with PyIceberg and says what differs.

usage: pyiceberg_check.py catalog.db expected.json

expected.json: {"table": [rows as JSON text, sorted]}. For every table:
  rows        as PyIceberg's scan returns them, against the expected ones
  metrics     of every manifest entry, against those that PyIceberg computes from
              the file's footer
  partitions  of every entry, against PyIceberg's transforms of each row of the file
and at the end an append by PyIceberg itself, to show that it may write too.
"""
import datetime
import decimal
import json
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import (compute_statistics_plan, data_file_statistics_from_parquet_metadata,
                                  parquet_path_to_id_mapping)
from pyiceberg.types import UUIDType

bad = []


def say(*words):
    bad.append(" ".join(str(w) for w in words))


def text(v):
    """A value as the Go side prints it."""
    if v is None:
        return "NULL"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float):
        if v != v:
            return "NaN"
        if v in (float("inf"), float("-inf")):
            return "+Inf" if v > 0 else "-Inf"
        return repr(v) if v != int(v) or abs(v) > 1e15 else repr(v).removesuffix(".0")
    if isinstance(v, datetime.datetime):
        if v.tzinfo:
            v = v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return v.isoformat(sep=" ", timespec="microseconds")
    if isinstance(v, datetime.time):
        return v.isoformat(timespec="microseconds")
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, bytes):
        return v.hex()
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    if isinstance(v, uuid.UUID):
        return str(v)
    if isinstance(v, dict):
        return "{" + ", ".join(k + ": " + text(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ", ".join(("%s: %s" % (text(x[0]), text(x[1]))) if isinstance(x, tuple) else text(x) for x in v) + "]"
    return str(v)


def local(path):
    return path.removeprefix("file://")


def check_metrics(name, table, f):
    schema = table.schema()
    plan = compute_statistics_plan(schema, table.metadata.properties)
    md = pq.read_metadata(local(f.file_path))
    stats = data_file_statistics_from_parquet_metadata(md, plan, parquet_path_to_id_mapping(schema))
    want = stats.to_serialized_dict()
    for key in ("record_count", "column_sizes", "value_counts", "null_value_counts", "nan_value_counts", "lower_bounds",
                "upper_bounds", "split_offsets"):
        got, exp = getattr(f, key) or {}, want.get(key) or {}
        if got != exp:
            say(name, f.file_path, key, "is", got, "PyIceberg computes", exp)
    return md


def check_partition(name, table, f):
    spec = table.specs()[f.spec_id]
    if not spec.fields:
        return
    rows = pq.ParquetFile(local(f.file_path)).read()
    schema = table.schema()
    for i, field in enumerate(spec.fields):
        source = schema.find_field(field.source_id)
        transform = field.transform.transform(source.field_type)
        values = rows.column(schema.find_column_name(field.source_id)).to_pylist()
        for v in values:
            if isinstance(source.field_type, UUIDType) and v is not None:
                v = v if isinstance(v, uuid.UUID) else uuid.UUID(bytes=v)
            elif isinstance(v, (datetime.datetime, datetime.date, datetime.time)):
                v = internal(v)
            got = transform(v)
            exp = f.partition[i]
            if isinstance(exp, uuid.UUID) or isinstance(got, uuid.UUID):
                exp, got = str(exp), str(got)
            if got != exp and not (got != got and exp != exp):
                say(name, f.file_path, "row", repr(v), field.name, "is", repr(got), "and the entry says", repr(exp))
                return


def internal(v):
    if isinstance(v, datetime.datetime):
        v = v if v.tzinfo else v.replace(tzinfo=datetime.timezone.utc)
        d = v - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (d.days * 86400 + d.seconds) * 1_000_000 + d.microseconds
    if isinstance(v, datetime.date):
        return (v - datetime.date(1970, 1, 1)).days
    return ((v.hour * 60 + v.minute) * 60 + v.second) * 1_000_000 + v.microsecond


def main():
    catalog = SqlCatalog("local", uri="sqlite:///" + sys.argv[1], warehouse="file://" + sys.argv[1].rsplit("/", 1)[0])
    expected = json.load(open(sys.argv[2]))
    files = 0
    for name, rows in expected.items():
        table = catalog.load_table(name)
        data = table.scan().to_arrow()
        got = sorted("|".join(text(v) for v in row.values()) for row in data.to_pylist())
        if got != sorted(rows):
            for g, e in zip(got, sorted(rows)):
                if g != e:
                    say(name, "row", g, "expected", e)
                    break
            else:
                say(name, len(got), "rows, expected", len(rows))
        for task in table.scan().plan_files():
            check_metrics(name, table, task.file)
            check_partition(name, table, task.file)
            files += 1
    # PyIceberg goes on where psyql stopped, and psyql reads that (see the Go side).
    table = catalog.load_table("py.appended")
    table.append(pa.table({"id": pa.array([2], pa.int64()), "cat": pa.array(["b"])}))
    made = catalog.create_table("py.made", schema=table.schema(), partition_spec=table.spec())
    made.append(pa.table({"id": pa.array([1], pa.int64()), "cat": pa.array(["a"])}))
    print("\n".join(bad) if bad else "same: %d tables, %d files" % (len(expected), files))
    sys.exit(1 if bad else 0)


main()
