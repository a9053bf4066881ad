"""The bar: tokenising and ONNX Runtime in one process, no HTTP, with the best thread set-up."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from libs.artifact.archive import Artifact, open_artifact
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.text.tokenizer import NarrativeTokenizer
from ops.bench.serving.stats import Sample


@dataclass(frozen=True)
class ThreadSetup:
    """`callers` threads, each with runs of `threads_per_run`."""

    callers: int
    threads_per_run: int
    spins: bool


class InProcess:
    """One artifact, called directly."""

    def __init__(self, directory: Path, cores: int) -> None:
        self._artifact: Artifact = open_artifact(directory)
        self._tokenizer = NarrativeTokenizer.from_file(
            self._artifact.path(TOKENIZER_FILE), self._artifact.manifest.truncation
        )
        self._sessions = {
            (threads, spins): self._open(threads, spins)
            for threads in {1, cores}
            for spins in (False, True)
        }
        self.many = [ThreadSetup(cores, 1, False), ThreadSetup(1, cores, True)]
        self.single = [
            ThreadSetup(1, 1, False),
            ThreadSetup(1, cores, False),
            ThreadSetup(1, cores, True),
        ]

    def best(
        self, setups: list[ThreadSetup], narratives: list[str], score: Callable[[Sample], float]
    ) -> tuple[ThreadSetup, Sample]:
        """Return the set-up with the highest score and what it did."""
        measured = [(setup, self.run(setup, narratives)) for setup in setups]
        return max(measured, key=lambda entry: score(entry[1]))

    def run(self, setup: ThreadSetup, narratives: list[str]) -> Sample:
        """Classify every narrative once."""
        session = self._sessions[setup.threads_per_run, setup.spins]
        waiting = iter(narratives)
        lock = threading.Lock()
        latencies: list[float] = []

        def call() -> None:
            while True:
                with lock:
                    narrative = next(waiting, None)
                if narrative is None:
                    return
                began_at = time.perf_counter()
                self._classify(session, narrative)
                latencies.append(time.perf_counter() - began_at)

        threads = [threading.Thread(target=call) for _ in range(setup.callers)]
        began_at = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Sample(latencies, time.perf_counter() - began_at)

    def _classify(self, session: ort.InferenceSession, narrative: str) -> None:
        input_ids = np.array([self._tokenizer.encode(narrative).input_ids], dtype=np.int64)
        feeds = {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
        (logits,) = session.run(["logits"], feeds)
        self._artifact.manifest.decision_rule.decide(logits[0])

    def _open(self, threads: int, spins: bool) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spins)))
        options.add_session_config_entry("session.force_spinning_stop", "1")
        model = str(self._artifact.path(MODEL_FILE))
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
