"""How long and in how much memory the agent summarises a long prediction log.

    python -m ops.bench.agent.summarise 1000000 2000000 10000000

The log is generated while it is read: objects of 1,000 rows, a few hundred characters a
narrative, one object in fifty stored twice. Each length runs in a process of its own, so that its
peak memory is its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import click
import msgspec

from libs.events.prediction_log import PredictionRow, prediction_log_key, write_prediction_log
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import Champion
from services.retraining_agent.evidence import History
from services.retraining_agent.gather import Question, gather
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.model_record import ModelRecord, record_key
from services.retraining_agent.policy import EvidencePolicy
from services.retraining_agent.review_store import StoredReviews
from services.retraining_agent.store import StoredObject

ROWS_AN_OBJECT = 1000
DAYS = 30
DIGEST = "a" * 64
NOW = datetime(2026, 2, 1, tzinfo=UTC)
NUMBER = b"000000000000"
WORDS = (
    "account bank balance bureau card charge collector credit debt dispute fee fraud identity "
    "interest late letter loan mortgage payment refund report score servicer statement theft"
).split()


class GeneratedLog(MemoryStore):
    """A store whose prediction log is made when it is read."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._count = rows // ROWS_AN_OBJECT
        self._templates = [self._template(day) for day in range(DAYS)]

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        for number in range(self._count):
            at = self._day(number) + timedelta(seconds=number % 3600)
            key = prediction_log_key("bench", "shard", f"{number:012d}000000", at)
            yield from [key, key] if number % 50 == 0 else [key]

    def read(self, key: str) -> StoredObject | None:
        if not key.startswith("predictions/"):
            return super().read(key)
        name = key.rpartition("-")[2][: len(NUMBER)]
        day = min(DAYS - 1, int(name) * DAYS // self._count)
        return StoredObject(self._templates[day].replace(NUMBER, name.encode()), "")

    def _day(self, number: int) -> datetime:
        day = min(DAYS - 1, number * DAYS // self._count)
        return NOW - timedelta(days=DAYS - day)

    def _template(self, day: int) -> bytes:
        random = Random(day)
        at = NOW - timedelta(days=DAYS - day)
        return write_prediction_log([_row(random, at, n) for n in range(ROWS_AN_OBJECT)])


@click.command()
@click.argument("rows", nargs=-1, type=int)
@click.option("--here", is_flag=True, help="Measure in this process.")
def main(rows: tuple[int, ...], here: bool) -> None:
    """Summarise logs of so many rows."""
    for count in rows:
        if here:
            click.echo(json.dumps(measure(count)))
        else:
            command = [sys.executable, "-m", "ops.bench.agent.summarise", str(count), "--here"]
            subprocess.run(command, check=True)


def measure(rows: int) -> dict[str, float]:
    """Summarise a log and return time and memory."""
    store = GeneratedLog(rows)
    store.write(record_key("1.0.0"), msgspec.json.encode(_record()))
    champion = Champion(version="1.0.0", model_digest=DIGEST, promoted_at=NOW, ledger_number=1)
    question = Question(champion, EvidencePolicy(), NOW, StoredReviews(), History())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, cpu = time.perf_counter(), time.process_time()
    evidence = gather(store, question).evidence
    return {
        "rows": evidence.quality.log_rows,
        "repeated_rows": evidence.quality.repeated_rows,
        "windows": len(evidence.windows),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "microseconds_a_row": round(1e6 * (time.process_time() - cpu) / rows, 2),
        "memory_before_mib": round(before / 1024),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _row(random: Random, at: datetime, number: int) -> PredictionRow:
    confidence = random.choice([0.45, 0.62, 0.71, 0.84, 0.93, 0.97, 0.992])
    label = random.choice(LABEL_SCHEMA.names)
    others = {name: round((1 - confidence) / 4, 4) for name in LABEL_SCHEMA.names}
    moment = at + timedelta(seconds=number)
    return PredictionRow(
        timestamp=moment,
        text=" ".join(random.choices(WORDS, k=random.randint(20, 120))),
        predicted_label=label,
        confidence=confidence,
        reviewed="No" if confidence < 0.6 else "N/A",
        event_id=f"shard:{NUMBER.decode()}{number:06d}",
        complaint_id=f"{NUMBER.decode()}{number}",
        received_at=moment,
        scores={**others, label: confidence},
        is_truncated=False,
        model_version="1.0.0",
        model_digest=DIGEST,
        latency_seconds=0.012,
    )


def _record() -> ModelRecord:
    scores = HoldoutScores(
        rows=1,
        accuracy=0.9,
        macro_f1=0.9,
        weighted_f1=0.9,
        f1={},
        calibration_error=0.0,
        mean_confidence=0.8,
    )
    return ModelRecord(
        version="1.0.0",
        model_digest=DIGEST,
        registered_at=NOW,
        parent_version=None,
        holdout_digest=DIGEST,
        reviews_until=NOW,
        scores=scores,
    )


if __name__ == "__main__":
    main()
