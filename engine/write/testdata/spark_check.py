"""Reads tables that psyql wrote with Spark, says what differs, and goes on writing.

usage: spark_check.py catalog.db expected.json    ($SPARK_JARS: a folder with
iceberg-spark-runtime and sqlite-jdbc)

expected.json: {"table": [rows as JSON text]}. After the comparison Spark appends
to and deletes from sp.v2 and sp.v3, leaving delete files, and makes sp.made.
"""
import datetime
import decimal
import glob
import json
import os
import sys
import time

os.environ["TZ"] = "UTC"
time.tzset()

from pyspark.sql import Row, SparkSession  # noqa: E402  the zone first

bad = []


def text(v):
    if v is None:
        return "NULL"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float):
        if v != v:
            return "NaN"
        if v in (float("inf"), float("-inf")):
            return "+Inf" if v > 0 else "-Inf"
        return repr(v).removesuffix(".0")
    if isinstance(v, datetime.datetime):
        return v.isoformat(sep=" ", timespec="microseconds")
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).hex()
    if isinstance(v, decimal.Decimal):
        return format(v, "f")
    if isinstance(v, Row):
        return "{" + ", ".join(k + ": " + text(x) for k, x in v.asDict(recursive=False).items()) + "}"
    if isinstance(v, dict):
        return "[" + ", ".join(text(k) + ": " + text(v[k]) for k in sorted(v)) + "]"  # Spark's maps have no order
    if isinstance(v, list):
        return "[" + ", ".join(text(x) for x in v) + "]"
    return str(v)


def main():
    db = sys.argv[1]
    jars = ",".join(sorted(glob.glob(os.path.join(os.environ["SPARK_JARS"], "*.jar"))))
    lake = "spark.sql.catalog.local"
    spark = (SparkSession.builder.master("local[1]").config("spark.jars", jars).config("spark.driver.extraClassPath", jars.replace(",", ":"))
             .config("spark.ui.enabled", "false").config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -XX:TieredStopAtLevel=1")
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
             .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
             .config(lake, "org.apache.iceberg.spark.SparkCatalog").config(lake + ".type", "jdbc")
             .config(lake + ".uri", "jdbc:sqlite:" + db).config(lake + ".jdbc.schema-version", "V1").config(lake + ".clients", "1")
             .config(lake + ".warehouse", "file://" + os.path.dirname(db)).config(lake + ".cache-enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    expected = json.load(open(sys.argv[2]))
    for name, rows in expected.items():
        try:
            got = sorted("|".join(text(v) for v in r) for r in spark.table("local." + name).collect())
            for g, e in zip(got, sorted(rows)):
                if g != e:
                    bad.append("%s: row %s expected %s" % (name, g, e))
                    break
            if len(got) != len(rows):
                bad.append("%s: %d rows, expected %d" % (name, len(got), len(rows)))
            if name == "sp.uuids":
                continue  # readable_metrics of a UUID's bounds: Spark cannot show them
            files = spark.sql("SELECT sum(record_count) AS n FROM local.%s.files" % name).collect()[0].n
            if files != len(rows):
                bad.append("%s: its files have %s records, expected %d" % (name, files, len(rows)))
            spark.sql("SELECT * FROM local.%s.partitions" % name).collect()
            spark.sql("SELECT * FROM local.%s.entries" % name).collect()
        except Exception as e:  # noqa: BLE001  said with the table's name
            bad.append("%s: %s" % (name, str(e)[:500]))
    for name in ("sp.v2", "sp.v3"):
        spark.sql("INSERT INTO local.%s VALUES (100, 'a'), (101, 'b')" % name)
        spark.sql("ALTER TABLE local.%s SET TBLPROPERTIES ('write.delete.mode'='merge-on-read')" % name)
        spark.sql("DELETE FROM local.%s WHERE id IN (3, 7)" % name)
        n = spark.sql("SELECT count(*) AS n FROM local.%s.delete_files" % name).collect()[0].n
        if n == 0:
            bad.append("%s: Spark's DELETE left no delete file" % name)
    spark.sql("CREATE TABLE local.sp.made (id bigint, cat string) USING iceberg PARTITIONED BY (cat)")
    spark.sql("INSERT INTO local.sp.made VALUES (1, 'a')")
    print("\n".join(bad) if bad else "same: %d tables" % len(expected))
    sys.exit(1 if bad else 0)


main()
