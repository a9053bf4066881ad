"""The retraining agent's part of the demo: all through its own command line."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.local.cloud.processes import Processes, ProcessSpec
from ops.local.demo import services
from ops.local.demo.complaints import Complaint, write_labelled
from ops.local.demo.running import run_to_end
from ops.local.demo.screen import Screen
from ops.local.demo.streaming import StreamResult
from ops.local.demo.workspace import Workspace

REVIEWER = "demo"


@dataclass(frozen=True)
class Decision:
    """What the agent decided."""

    name: str
    reason: str


@dataclass(frozen=True)
class AgentSteps:
    """Calls the agent as a person on its command line would."""

    processes: Processes
    screen: Screen
    workspace: Workspace
    environment: Mapping[str, str]

    def register(self, artifact: Path, holdout: Sequence[Complaint]) -> None:
        """Make the artifact the first champion, with the complaints that it is judged by."""
        path = self.workspace.holdout
        with self.screen.step("Register the model as the champion") as update:
            write_labelled(holdout, path)
            spec = self._agent("register", str(artifact), "--holdout", str(path), "--by", "demo")
            run_to_end(self.processes, spec, update)

    def review(self, result: StreamResult) -> int:
        """Fill in the labels that consumers gave, and return how many reviews that made."""
        with self.screen.step("Review what waits for review") as update:
            queue = self.workspace.reviews
            run_to_end(self.processes, self._agent("review", "export", "--to", str(queue)), update)
            filled = fill_reviews(queue, result)
            run_to_end(
                self.processes,
                self._agent("review", "import", str(queue), "--reviewer", REVIEWER),
                update,
            )
        return filled

    def decide(self) -> Decision:
        """Run the agent once and read its decision."""
        report = str(self.workspace.agent_report)
        with self.screen.step("Let the retraining agent decide") as update:
            spec = self._agent("run", "--once", "--json", "--report", report)
            answer = json.loads(run_to_end(self.processes, spec, update))
        return Decision(answer["decision"]["decision"], answer["decision"]["reason"])

    def _agent(self, *arguments: str) -> ProcessSpec:
        return services.agent(*arguments, cloud=self.environment)


def fill_reviews(queue: Path, result: StreamResult) -> int:
    """Write the given label of each complaint into the queue's `true_label`; others stay empty."""
    with queue.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        rows = list(reader)
    filled = 0
    for row in rows:
        complaint = result.sent.get(row["event_id"])
        if complaint is not None and complaint.label_name is not None:
            row["true_label"] = complaint.label_name
            filled += 1
    with queue.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return filled
