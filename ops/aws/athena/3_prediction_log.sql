-- What to query: both tables, each decision once, the earliest where there are repeats.
-- `log_day` is the day of received_at; a condition on `dt` of the tables below makes a query cheap.
CREATE OR REPLACE VIEW prediction_log AS
WITH every_row AS (
  SELECT
    timestamp, text, predicted_label, confidence, reviewed, true_label, event_id, complaint_id,
    received_at, scores, is_truncated, model_version, model_digest, latency_seconds, trace_id,
    schema_version
  FROM prediction_log_compacted
  UNION ALL
  SELECT
    CAST(from_iso8601_timestamp(timestamp) AT TIME ZONE 'UTC' AS timestamp),
    -- One apostrophe was put before cells that a spreadsheet would run.
    regexp_replace(text, '^''', ''),
    predicted_label,
    CAST(confidence AS double),
    reviewed,
    true_label,
    regexp_replace(event_id, '^''', ''),
    regexp_replace(complaint_id, '^''', ''),
    CAST(from_iso8601_timestamp(received_at) AT TIME ZONE 'UTC' AS timestamp),
    CAST(json_parse(scores) AS map(varchar, double)),
    CAST(is_truncated AS boolean),
    regexp_replace(model_version, '^''', ''),
    model_digest,
    CAST(latency_seconds AS double),
    regexp_replace(trace_id, '^''', ''),
    CAST(schema_version AS integer)
  FROM prediction_log_csv
  -- Only complete rows have a version in the last cell and a digest in its place.
  WHERE schema_version = '1' AND regexp_like(model_digest, '^[0-9a-f]{64}$')
),
ranked AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY event_id ORDER BY timestamp, model_digest) AS repeat_number
  FROM every_row
)
SELECT
  timestamp, text, predicted_label, confidence, reviewed, true_label, event_id, complaint_id,
  received_at, scores, is_truncated, model_version, model_digest, latency_seconds, trace_id,
  schema_version, date(received_at) AS log_day
FROM ranked
WHERE repeat_number = 1;
