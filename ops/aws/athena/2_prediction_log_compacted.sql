-- The log as `stream_consumer compact` leaves it: one Parquet file a day of received_at, no repeats.
-- Replace ${bucket}.
CREATE EXTERNAL TABLE IF NOT EXISTS prediction_log_compacted (
  `timestamp` timestamp,
  `text` string,
  `predicted_label` string,
  `confidence` double,
  `reviewed` string,
  `true_label` string,
  `event_id` string,
  `complaint_id` string,
  `received_at` timestamp,
  `scores` map<string, double>,
  `is_truncated` boolean,
  `model_version` string,
  `model_digest` string,
  `latency_seconds` double,
  `trace_id` string,
  `schema_version` int
)
PARTITIONED BY (`dt` string)
STORED AS PARQUET
LOCATION 's3://${bucket}/compacted/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2015-01-01,NOW',
  'storage.location.template' = 's3://${bucket}/compacted/dt=${dt}/'
);
