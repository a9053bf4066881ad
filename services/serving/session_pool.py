"""ONNX Runtime sessions over one graph: `narrow` computes on one core, `wide` on all of them.

Knows token ids and logits, no text and no labels. Created in a worker process, after the fork:
the runtime's threads do not survive one.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from services.serving.errors import StartError
from services.serving.pool_spec import Logits, PoolSpec

_WIDE_MUST_SAVE = 0.10  # share of the narrow time; less is noise
_TRIALS = 5


@dataclass(frozen=True)
class Threads:
    """Threads of one run; spinning ones wake faster, and burn what others could use meanwhile."""

    count: int
    spin: bool


class SessionPool:
    """Runs narratives given as token ids. Safe to call from many threads at once."""

    def __init__(self, model: Path, spec: PoolSpec) -> None:
        self.spec = spec
        self._model = model
        self._narrow = _open_session(model, spec.providers, Threads(1, spin=False))
        self._wide = self._narrow

    @property
    def uses_wide(self) -> bool:
        """Whether a narrative that is alone is computed by all cores; `calibrate` decides."""
        return self._wide is not self._narrow

    def run(self, sequences: Sequence[list[int]], is_alone: bool) -> list[Logits]:
        """Return one row of logits a sequence; alone on the machine, all cores work on it."""
        session = self._wide if is_alone and len(sequences) == 1 else self._narrow
        if not self.spec.batch_tokens:
            return [_run(session, [sequence], self.spec.pad_id)[0] for sequence in sequences]
        rows: list[Logits] = [np.empty(0, dtype=np.float32)] * len(sequences)
        for batch in token_budget_batches([len(ids) for ids in sequences], self.spec.batch_tokens):
            logits = _run(session, [sequences[index] for index in batch], self.spec.pad_id)
            for index, row in zip(batch, logits, strict=True):
                rows[index] = row
        return rows

    def calibrate(
        self, sequence: list[int], clock: Callable[[], float] = time.perf_counter
    ) -> float:
        """Choose what a narrative that is alone runs on; returns the seconds of one narrow run.

        A session with all cores has to be faster, and to agree to the last bit.
        """
        self._wide = self._narrow
        narrow_seconds = self._best_time(self._narrow, sequence, clock)
        best_seconds = narrow_seconds * (1 - _WIDE_MUST_SAVE)
        for threads in self._wide_threads():
            session = _open_session(self._model, self.spec.providers, threads)
            seconds = self._best_time(session, sequence, clock)
            if seconds < best_seconds and self._agrees(session, sequence):
                best_seconds, self._wide = seconds, session
        return narrow_seconds

    def _wide_threads(self) -> list[Threads]:
        if self.spec.cores == 1 or self.spec.batch_tokens:
            return []
        return [Threads(self.spec.cores, spin) for spin in (False, True)]

    def _agrees(self, session: ort.InferenceSession, sequence: list[int]) -> bool:
        lengths = [length for length in (3, 17, 64, 129, 256, 512) if length < len(sequence)]
        return all(
            np.array_equal(
                _run(session, [sequence[:length]], self.spec.pad_id),
                _run(self._narrow, [sequence[:length]], self.spec.pad_id),
            )
            for length in [*lengths, len(sequence)]
        )

    def _best_time(
        self, session: ort.InferenceSession, sequence: list[int], clock: Callable[[], float]
    ) -> float:
        times = []
        for _ in range(_TRIALS):
            began_at = clock()
            _run(session, [sequence], self.spec.pad_id)
            times.append(clock() - began_at)
        return min(times)


def token_budget_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Group indices by similar length so that each padded batch has at most `budget` tokens.

    A sequence longer than the budget travels alone.
    """
    batches: list[list[int]] = []
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        if batch and (len(batch) + 1) * lengths[index] > budget:
            batches.append(batch)
            batch = []
        batch.append(index)
    return [*batches, batch] if batch else batches


def _open_session(model: Path, providers: Sequence[str], threads: Threads) -> ort.InferenceSession:
    missing = set(providers) - set(ort.get_available_providers())
    if missing:
        raise StartError(f"ONNX Runtime here has no {', '.join(sorted(missing))}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads.count
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # every narrative has its own length, so a memory pattern per shape would only grow
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(threads.spin)))
    # between runs nothing may spin on cores that other narratives need
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return ort.InferenceSession(str(model), options, providers=list(providers))
    except Exception as error:  # the runtime raises its own classes, none of them public
        raise StartError(f"{model.name} does not load in ONNX Runtime") from error


def _run(session: ort.InferenceSession, sequences: Sequence[list[int]], pad_id: int) -> Logits:
    longest = max(len(ids) for ids in sequences)
    input_ids = np.full((len(sequences), longest), pad_id, dtype=np.int64)
    attention_mask = np.zeros((len(sequences), longest), dtype=np.int64)
    for row, ids in enumerate(sequences):
        input_ids[row, : len(ids)] = ids
        attention_mask[row, : len(ids)] = 1
    logits: Logits
    (logits,) = session.run(["logits"], {"input_ids": input_ids, "attention_mask": attention_mask})
    return logits
