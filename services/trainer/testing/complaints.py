"""Invented complaints whose label shows in their words, for tests."""

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.trainer.testing.tiny_encoder import FILLERS, TOPICS


def invented_rows(count: int, seed: int = 5) -> list[dict[str, str]]:
    """Return `count` rows, the five labels in turn, each word chosen at random."""
    generator = random.Random(seed)
    labels = list(TOPICS)
    rows = []
    for number in range(count):
        label = labels[number % len(labels)]
        words = generator.choices(FILLERS, k=generator.randint(6, 14))
        words += generator.choices(TOPICS[label], k=3)
        generator.shuffle(words)
        day = f"20{10 + number % 15}-0{1 + number % 9}-11"
        rows.append({"narrative": " ".join(words), "label": label, "date_received": day})
    return rows


def write_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
