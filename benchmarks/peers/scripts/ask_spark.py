"""Answers a question about a table with Spark's metadata tables, once per line of stdin."""
import glob
import json
import os
import sys

os.environ["TZ"] = "UTC"
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
from pyspark.sql import SparkSession

jars = ",".join(sorted(glob.glob(os.path.join(sys.argv[1], "*.jar"))))
table = json.load(open(sys.argv[2]))
question = sys.argv[3]

spark = (
    SparkSession.builder.master("local[1]")
    .appName("bench")
    .config("spark.jars", jars)
    .config("spark.driver.extraClassPath", jars.replace(",", ":"))
    .config("spark.driver.memory", "3g")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
pid = spark._jvm.java.lang.ProcessHandle.current().pid()
tick = os.sysconf("SC_CLK_TCK")
batch = "partition.batch_id" if table["Config"]["Wide"] else "''"
hour = "datediff(partition.landing_date, DATE '1970-01-01') * 24 + partition.landing_hour"


def cpu():
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) * 1_000_000_000 // tick


def answer():
    spark.read.format("iceberg").load("file://" + table["Dir"] + "#files").createOrReplaceTempView("files")
    if question == "Q1":
        q = f"SELECT {hour}, {batch}, count(*), sum(file_size_in_bytes) FROM files GROUP BY 1, 2"
    else:
        q = (f"SELECT {hour}, {batch}, count(*), unix_micros(min(readable_metrics.event_ts.lower_bound)), "
             f"unix_micros(max(readable_metrics.event_ts.upper_bound)) FROM files "
             # not partition.landing_date = ...: all manifests are read, as by the others
             f"WHERE datediff(partition.landing_date, DATE '{table['LastDay']}') = 0 GROUP BY 1, 2")
    return [list(r) for r in spark.sql(q).collect()]


for _ in sys.stdin:
    before = cpu()
    rows = answer()
    used = cpu() - before
    print('{"cpu":%d,"rows":%s}' % (used, json.dumps(rows)), flush=True)
