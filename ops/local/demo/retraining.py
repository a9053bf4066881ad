"""Acts on the agent's decision: it retrains and promotes while the stream goes on.

The agent does all of it by its own command line. Its candidate is served through the local
SageMaker API, beside the model before it, and watched on complaints that are streamed meanwhile.
"""

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ops.local.cloud.guardian import signal_group
from ops.local.cloud.processes import Child, Processes, ProcessSpec
from ops.local.demo.agent_steps import Decision
from ops.local.demo.running import last_line, result_of
from ops.local.demo.screen import Screen, Update
from ops.local.demo.streaming import StreamResult

RUN_KEY = "registry/runs/current.json"
_SERVED = ("bake", "crown", "done")
_STEPS = {
    "record": "puts the decision on record",
    "assemble": "assembles the training set",
    "train": "trains and exports a candidate",
    "prove": "proves the candidate against the champion",
    "approve": "waits for approval",
    "deploy": "starts the candidate beside the champion",
    "revert": "serves the champion again",
    "keep": "keeps the champion",
}


@dataclass(frozen=True)
class Retraining:
    """What became of the decision; `answered_by` counts complaints by model digest."""

    decision: Decision
    is_promoted: bool
    verdict: str
    champion_version: str
    champion_digest: str
    answered_by: dict[str, int]


@dataclass(frozen=True)
class RetrainingSteps:
    """Runs the agent in the background and streams once the candidate is served."""

    processes: Processes
    screen: Screen
    s3: Any
    bucket: str

    def run(self, agent: ProcessSpec, stream: Callable[[], StreamResult]) -> Retraining:
        """Retrain; raises DemoError. Nothing that the agent started is left."""
        before = self._read("registry/champion.json")["model_digest"]
        child = self.processes.start(agent)
        try:
            with self.screen.step("Let the retraining agent decide, retrain and prove") as update:
                self._wait_until_served(child, update)
            result = stream()
            with self.screen.step("Let the agent come to its verdict"):
                answer = json.loads(result_of(child))["decision"]
        finally:
            child.stop()
            signal_group(child.pid, signal.SIGKILL)  # a job of an agent that died before it
        return Retraining(
            decision=Decision(answer["decision"], answer["reason"]),
            is_promoted=answer["champion_digest"] != before,
            verdict=answer["verdict"] or "no candidate was needed",
            champion_version=answer["champion_version"],
            champion_digest=answer["champion_digest"],
            answered_by=dict(result.stats.models),
        )

    def _wait_until_served(self, child: Child, update: Update) -> None:
        """Return once the candidate answers, or the agent has ended; raises StepError."""
        while child.wait(0.5) is None:
            step = self._step()
            update(_STEPS.get(step, last_line(child)))
            if step in _SERVED:
                return
        result_of(child)

    def _step(self) -> str:
        try:
            return str(self._read(RUN_KEY)["step"])
        except self.s3.exceptions.NoSuchKey:
            return ""

    def _read(self, key: str) -> dict[str, Any]:
        with self.s3.get_object(Bucket=self.bucket, Key=key)["Body"] as body:
            return dict(json.loads(body.read()))
