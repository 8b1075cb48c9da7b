"""A Spark session over the Iceberg tables of a JDBC catalog in SQLite.

usage: spark_serve.py WAREHOUSE               runs what stdin asks for
       spark_serve.py WAREHOUSE history.sql   runs a history and writes WAREHOUSE/marks.json

$SPARK_JARS names a folder with iceberg-spark-runtime and sqlite-jdbc. The
catalog is WAREHOUSE/catalog.db, called "lake" there and in SQL.

A request is a line {"sql": statement} or {"table": name, "behind": seconds}, the
answer a line {"rows": [[...], ...]} or {"error": text}.

A history is statements that end in ";" at the end of a line, and lines
  -- mark P       process P has read the table up to here
  -- keep NAME    ${NAME} is from now on the head's snapshot id
  -- behind S     the last commit is done again, by a clock that is S seconds behind
which hold for the table of the statement before. marks.json says for each table
where its metadata.json was at each mark, and in the end ("end").
"""
import glob
import json
import os
import re
import sqlite3
import sys
import time

os.environ["TZ"] = "UTC"
time.tzset()
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

warehouse = os.path.abspath(sys.argv[1])
database = os.path.join(warehouse, "catalog.db")


def behind(spark, table, seconds):
    """Commits what the head has appended once more, as by a machine whose clock is behind. Iceberg takes that up to a minute."""
    jvm = spark._jvm
    t = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, "lake." + table)
    head = t.currentSnapshot()
    t.manageSnapshots().rollbackTo(head.parentId()).commit()
    append = t.newAppend()
    for f in head.addedDataFiles(t.io()):
        append.appendFile(f)
    parser = jvm.org.apache.iceberg.SnapshotParser
    snapshot = json.loads(parser.toJson(append.apply()))
    snapshot["timestamp-ms"] = t.snapshot(head.parentId()).timestampMillis() - 1000 * seconds
    ops = t.operations()
    base = ops.refresh()
    ops.commit(base, jvm.org.apache.iceberg.TableMetadata.buildFrom(base).setBranchSnapshot(parser.fromJson(json.dumps(snapshot)), "main").build())
    t.refresh()
    t.expireSnapshots().expireSnapshotId(head.snapshotId()).cleanExpiredFiles(False).commit()


def session():
    from pyspark.sql import SparkSession

    jars = ",".join(sorted(glob.glob(os.path.join(os.environ["SPARK_JARS"], "*.jar"))))
    settings = {
        "spark.jars": jars,
        "spark.driver.extraClassPath": jars.replace(",", ":"),
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.defaultCatalog": "lake",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "jdbc",
        "spark.sql.catalog.lake.uri": "jdbc:sqlite:" + database + "?busy_timeout=30000",
        "spark.sql.catalog.lake.jdbc.schema-version": "V1",
        "spark.sql.catalog.lake.clients": "1",
        "spark.sql.catalog.lake.warehouse": "file://" + warehouse,
        "spark.sql.catalog.lake.cache-enabled": "false",
    }
    builder = SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def serve(spark):
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "behind" in request:
                behind(spark, request["table"], request["behind"])
                answer = {"rows": []}
            else:
                answer = {"rows": [list(r) for r in spark.sql(request["sql"]).collect()]}
        except Exception as e:  # noqa: BLE001  the one who asked decides
            answer = {"error": str(e)}
        print(json.dumps(answer, default=str), flush=True)


def location(table):
    with sqlite3.connect(database) as db:
        return db.execute("SELECT metadata_location FROM iceberg_tables WHERE table_namespace || '.' || table_name = ?", [table]).fetchone()[0]


def play(spark, path):
    marks, kept, table = {}, {}, ""
    statement = []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip()
        directive = re.fullmatch(r"-- (mark|keep|behind) (\S+)", line)
        if directive:
            what, name = directive.groups()
            if what == "mark":
                marks[table][name] = location(table)
            elif what == "keep":
                kept[name] = spark.sql("SELECT snapshot_id FROM %s.refs WHERE name = 'main'" % table).collect()[0][0]
            else:
                behind(spark, table, int(name))
            continue
        if not line or line.startswith("--"):
            continue
        statement.append(line)
        if not line.endswith(";"):
            continue
        sql = "\n".join(statement)[:-1]
        statement = []
        for name, value in kept.items():
            sql = sql.replace("${%s}" % name, str(value))
        named = re.search(r"\bverdicts\.\w+", sql)
        if named:
            table = named.group()
            marks.setdefault(table, {})
        spark.sql(sql).collect()
    for table, places in marks.items():
        places["end"] = location(table)
    with open(os.path.join(warehouse, "marks.json"), "w", encoding="utf-8") as f:
        json.dump(marks, f, indent=1)


spark = session()
if len(sys.argv) > 2:
    play(spark, sys.argv[2])
else:
    print(json.dumps({"rows": []}), flush=True)
    serve(spark)
