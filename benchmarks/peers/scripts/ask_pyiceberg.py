"""Answers a question about a table with PyIceberg, once per line of stdin."""
import json
import resource
import struct
import sys

from pyiceberg.table import StaticTable

table = json.load(open(sys.argv[1]))
question = sys.argv[2]
EVENT_TS = 2
last_day = table["LastDay"]


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return int((r.ru_utime + r.ru_stime) * 1e9)


def days(iso):
    import datetime

    return (datetime.date.fromisoformat(iso) - datetime.date(1970, 1, 1)).days


last = days(last_day)


def answer():
    t = StaticTable.from_metadata(table["Metadata"])
    io = t.io
    sums = {}
    for m in t.current_snapshot().manifests(io):
        for e in m.fetch_manifest_entry(io, discard_deleted=True):
            d = e.data_file
            p = d.partition
            if question == "Q2" and p[0] != last:
                continue
            key = (p[0] * 24 + p[1], p[2] if len(p) > 2 else "")
            if question == "Q1":
                s = sums.setdefault(key, [0, 0])
                s[0] += 1
                s[1] += d.file_size_in_bytes
            else:
                lo = struct.unpack("<q", d.lower_bounds[EVENT_TS])[0]
                hi = struct.unpack("<q", d.upper_bounds[EVENT_TS])[0]
                s = sums.get(key)
                if s is None:
                    sums[key] = [1, lo, hi]
                else:
                    s[0] += 1
                    s[1] = min(s[1], lo)
                    s[2] = max(s[2], hi)
    return [[k[0], k[1], *v] for k, v in sums.items()]


for _ in sys.stdin:
    before = cpu()
    rows = answer()
    used = cpu() - before
    print('{"cpu":%d,"rows":%s}' % (used, json.dumps(rows)), flush=True)
