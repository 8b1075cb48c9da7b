-- What Spark did to tables that a process had read up to a mark.
-- Ids say what a row is: those before the first mark are below 10, later ones
-- below 20, those that were written after an expiry or a rollback above.
CREATE NAMESPACE verdicts;

-- Everything between the watermark and the head's parent has expired.
CREATE TABLE verdicts.gap (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.gap VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
INSERT INTO verdicts.gap VALUES (2, TIMESTAMP '2023-09-14 02:15:00');
-- mark p
INSERT INTO verdicts.gap VALUES (11, TIMESTAMP '2023-09-14 03:15:00');
INSERT INTO verdicts.gap VALUES (12, TIMESTAMP '2023-09-14 00:15:00');
INSERT INTO verdicts.gap VALUES (13, TIMESTAMP '2023-09-14 04:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.gap', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- The same in a table without sequence numbers.
CREATE TABLE verdicts.gap_v1 (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '1');
INSERT INTO verdicts.gap_v1 VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
INSERT INTO verdicts.gap_v1 VALUES (11, TIMESTAMP '2023-09-14 03:15:00');
INSERT INTO verdicts.gap_v1 VALUES (12, TIMESTAMP '2023-09-14 04:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.gap_v1', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- A compaction in the gap puts rows from before and after the watermark into
-- one file, an overwrite takes some away.
CREATE TABLE verdicts.gap_compacted (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.gap_compacted VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
INSERT INTO verdicts.gap_compacted VALUES (2, TIMESTAMP '2023-09-14 02:15:00');
-- mark p
INSERT INTO verdicts.gap_compacted VALUES (11, TIMESTAMP '2023-09-14 01:25:00');
INSERT INTO verdicts.gap_compacted VALUES (12, TIMESTAMP '2023-09-14 03:15:00');
CALL lake.system.rewrite_data_files(table => 'verdicts.gap_compacted', options => map('min-input-files', '2'));
DELETE FROM verdicts.gap_compacted WHERE id = 2;
INSERT INTO verdicts.gap_compacted VALUES (13, TIMESTAMP '2023-09-14 04:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.gap_compacted', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- The watermark has expired, but the oldest snapshot that is left names it.
CREATE TABLE verdicts.no_gap (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.no_gap VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
INSERT INTO verdicts.no_gap VALUES (11, TIMESTAMP '2023-09-14 03:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.no_gap', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- A tag keeps the watermark's snapshot, what followed it has expired.
CREATE TABLE verdicts.gap_tagged (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.gap_tagged VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
ALTER TABLE verdicts.gap_tagged CREATE TAG kept;
INSERT INTO verdicts.gap_tagged VALUES (11, TIMESTAMP '2023-09-14 03:15:00');
INSERT INTO verdicts.gap_tagged VALUES (12, TIMESTAMP '2023-09-14 04:15:00');
INSERT INTO verdicts.gap_tagged VALUES (13, TIMESTAMP '2023-09-14 05:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.gap_tagged', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- Rolled back behind the watermark, and written on.
CREATE TABLE verdicts.rolled (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.rolled VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- keep ROLLED
INSERT INTO verdicts.rolled VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
INSERT INTO verdicts.rolled VALUES (12, TIMESTAMP '2023-09-14 00:15:00');
-- mark p
CALL lake.system.rollback_to_snapshot('verdicts.rolled', ${ROLLED});
-- mark behind
INSERT INTO verdicts.rolled VALUES (21, TIMESTAMP '2023-09-14 03:15:00');

-- Rolled back to what was before the watermark, and nothing since.
CREATE TABLE verdicts.rolled_only (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.rolled_only VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- keep ROLLED_ONLY
INSERT INTO verdicts.rolled_only VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
-- mark p
CALL lake.system.rollback_to_snapshot('verdicts.rolled_only', ${ROLLED_ONLY});

-- set_current_snapshot goes to a line that was abandoned before.
CREATE TABLE verdicts.set_current (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.set_current VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- keep FIRST
INSERT INTO verdicts.set_current VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
-- keep SECOND
-- mark returned
CALL lake.system.rollback_to_snapshot('verdicts.set_current', ${FIRST});
INSERT INTO verdicts.set_current VALUES (12, TIMESTAMP '2023-09-14 03:15:00');
-- mark p
CALL lake.system.set_current_snapshot('verdicts.set_current', ${SECOND});

-- Rolled back, then expired: the watermark and the common ancestor are gone.
CREATE TABLE verdicts.rolled_expired (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.rolled_expired VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- keep BEFORE
INSERT INTO verdicts.rolled_expired VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
-- mark p
CALL lake.system.rollback_to_snapshot('verdicts.rolled_expired', ${BEFORE});
INSERT INTO verdicts.rolled_expired VALUES (21, TIMESTAMP '2023-09-14 03:15:00');
INSERT INTO verdicts.rolled_expired VALUES (22, TIMESTAMP '2023-09-14 04:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.rolled_expired', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- Rolled back, the watermark kept by a tag; their common ancestor has expired,
-- but both lines name it.
CREATE TABLE verdicts.rolled_tagged (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.rolled_tagged VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- keep COMMON
INSERT INTO verdicts.rolled_tagged VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
-- mark p
ALTER TABLE verdicts.rolled_tagged CREATE TAG kept;
CALL lake.system.rollback_to_snapshot('verdicts.rolled_tagged', ${COMMON});
INSERT INTO verdicts.rolled_tagged VALUES (21, TIMESTAMP '2023-09-14 03:15:00');
CALL lake.system.expire_snapshots(table => 'verdicts.rolled_tagged', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1);

-- Dropped and made again.
CREATE TABLE verdicts.replaced (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.replaced VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
DROP TABLE verdicts.replaced;
CREATE TABLE verdicts.replaced (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.replaced VALUES (21, TIMESTAMP '2023-09-14 03:15:00');

-- CREATE OR REPLACE keeps the table's UUID, and begins a line of its own.
CREATE TABLE verdicts.or_replaced (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.or_replaced VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
CREATE OR REPLACE TABLE verdicts.or_replaced USING iceberg PARTITIONED BY (hours(ts)) AS SELECT CAST(21 AS BIGINT) AS id, TIMESTAMP '2023-09-14 03:15:00' AS ts;

-- A machine whose clock is forty seconds behind writes after one that is right.
CREATE TABLE verdicts.skewed (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (hours(ts)) TBLPROPERTIES ('format-version' = '2');
INSERT INTO verdicts.skewed VALUES (1, TIMESTAMP '2023-09-14 01:15:00');
-- mark p
INSERT INTO verdicts.skewed VALUES (11, TIMESTAMP '2023-09-14 02:15:00');
-- behind 40
-- mark between
INSERT INTO verdicts.skewed VALUES (12, TIMESTAMP '2023-09-14 03:15:00');
