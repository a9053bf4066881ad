"""Asks the endpoint about complaints, in rounds of calls, until all is answered or time is up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from services.stream_consumer.batching import Call, CallLimits, split_into_calls
from services.stream_consumer.calls import Calls
from services.stream_consumer.clock import Backoff, Clock, Deadline
from services.stream_consumer.record import Complaint, Rejection
from services.stream_consumer.verdict import Answer, Classified, Verdict, judge

MAX_ATTEMPTS = 6
"""Rounds in a row with nothing but faults; after that it is Lambda that repeats."""
MAX_SUSPECT_SPLITS = 16
"""Bounds what an endpoint in trouble is asked on top; finds one record of thousands."""


NO_TIME = "no time for the endpoint: the function's time-out has to be above RESERVE_SECONDS"


class Endpoint(Protocol):
    """The model endpoint; RefusedError when it refuses the body, TransientError otherwise."""

    def invoke(self, body: bytes, trace_id: str) -> bytes: ...


@dataclass
class Answers:
    """What came of asking; what is in neither list was not answered."""

    classified: list[Classified] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    calls: int = 0


@dataclass(frozen=True)
class Classifier:
    """The rounds: ask, judge, pause, ask again for what is left."""

    endpoint: Endpoint
    calls: Calls
    limits: CallLimits
    clock: Clock
    backoff: Backoff

    def classify(
        self, complaints: Sequence[Complaint], trace_id: str, deadline: Deadline
    ) -> Answers:
        """Ask about `complaints`, as long as the deadline has time for it."""
        answers = Answers()
        if complaints and deadline.left() <= 0:
            answers.faults.append(NO_TIME)
        pending = split_into_calls(complaints, self.limits)
        splits_left, failed_rounds = MAX_SUSPECT_SPLITS, 0
        while pending and deadline.left() > 0 and failed_rounds < MAX_ATTEMPTS:
            verdict = self._ask(pending, trace_id, deadline, splits_left)
            _add(answers, verdict, len(pending))
            pending, splits_left = verdict.again, splits_left - verdict.splits
            is_progress = bool(verdict.classified or verdict.refused or verdict.splits)
            failed_rounds = 0 if is_progress else failed_rounds + 1
            if verdict.faults and not self._pause(failed_rounds, deadline):
                break
        return answers

    def _ask(
        self, calls: list[Call], trace_id: str, deadline: Deadline, splits_left: int
    ) -> Verdict:
        questions = [partial(self._invoke, call.body, trace_id) for call in calls]
        return judge(calls, self.calls.run(questions, deadline.left()), splits_left)

    def _invoke(self, body: bytes, trace_id: str) -> Answer:
        began_at = self.clock.seconds()
        content = self.endpoint.invoke(body, trace_id)
        return Answer(content, self.clock.now(), self.clock.seconds() - began_at)

    def _pause(self, failed_rounds: int, deadline: Deadline) -> bool:
        """Wait before the next round; False when there would be no time for it after the pause."""
        seconds = self.backoff.seconds(failed_rounds)
        if seconds >= deadline.left():
            return False
        self.clock.sleep(seconds)
        return True


def _add(answers: Answers, verdict: Verdict, calls: int) -> None:
    answers.classified += verdict.classified
    answers.refused += verdict.refused
    answers.faults += verdict.faults
    answers.calls += calls
