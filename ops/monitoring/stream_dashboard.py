"""Stream: what became of the records, and how long complaints wait until they are on record.

It asks for recorded series alone, which come from Prometheus metrics or from CloudWatch's.
"""

from ops.monitoring.panels import Panel
from ops.monitoring.queries import Query

RECORDS = "outcome:complaints_records:rate1m"


def _quantiles(metric: str) -> list[Query]:
    return [Query(f"complaints:{metric}:p{percent}", f"p{percent}") for percent in (50, 95, 99)]


STREAM_PANELS = [
    Panel(
        "Records by outcome",
        "Records a second: logged, rejected for good, repeated, handed back to be tried again.",
        "ops",
        [Query(RECORDS, "{{outcome}}")],
        width=12,
    ),
    Panel(
        "Iterator age",
        "Age of the newest record of the last batch: it grows while the consumer falls behind.",
        "s",
        [Query("complaints:iterator_age_seconds:max", "oldest shard")],
        width=12,
    ),
    Panel(
        "End to end",
        "From received_at to logged. The promise is 2 s.",
        "s",
        _quantiles("end_to_end_seconds"),
        limit=2,
    ),
    Panel(
        "One batch",
        "Time to process one batch of records.",
        "s",
        _quantiles("batch_seconds"),
    ),
    Panel(
        "Rejected",
        "Share of the records that can never succeed; they are kept, whole, under rejected/.",
        "percentunit",
        [Query(f'sum({RECORDS}{{outcome="rejected"}}) / sum({RECORDS})', "rejected")],
    ),
]
