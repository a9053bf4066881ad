-- The log as the consumer writes it: one CSV object a batch, every cell a string.
-- Replace ${bucket}. Partitions are projected, so that none has to be added.
-- Athena ends a row at every line break, also within quotes, and drops backslashes: rows with a line
-- break are incomplete here, and the view leaves them to the compacted table, which has all of it.
-- https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
CREATE EXTERNAL TABLE IF NOT EXISTS prediction_log_csv (
  `timestamp` string,
  `text` string,
  `predicted_label` string,
  `confidence` string,
  `reviewed` string,
  `true_label` string,
  `event_id` string,
  `complaint_id` string,
  `received_at` string,
  `scores` string,
  `is_truncated` string,
  `model_version` string,
  `model_digest` string,
  `latency_seconds` string,
  `trace_id` string,
  `schema_version` string
)
PARTITIONED BY (`dt` string, `hour` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\')
LOCATION 's3://${bucket}/predictions/'
TBLPROPERTIES (
  'skip.header.line.count' = '1',
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2025-01-01,NOW',
  'projection.hour.type' = 'integer',
  'projection.hour.range' = '0,23',
  'projection.hour.digits' = '2',
  'storage.location.template' = 's3://${bucket}/predictions/dt=${dt}/hour=${hour}/'
);
