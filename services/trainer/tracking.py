"""An experiment tracker beside TensorBoard: told of every fit, never in its way."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from libs.artifact.manifest import Scalar
from services.trainer.errors import TransientError, UnreachableError
from services.trainer.files import write_errors_named

RUN_FILE = "tracked-run"

RunEnd = Literal["FINISHED", "FAILED", "KILLED"]
LogFigures = Callable[[Mapping[str, float], int], None]
"""Takes figures by name, and the step that they are of."""


class Tracker(Protocol):
    """Where runs are kept; raises UnreachableError."""

    def start(self, known_run: str, parameters: Mapping[str, Scalar]) -> str:
        """Go on with the known run, or begin one where there is none; return which."""
        ...

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None: ...

    def end(self, run: str, how: RunEnd) -> None: ...


@contextmanager
def tracked_run(
    tracker: Tracker | None,
    directory: Path,
    parameters: Mapping[str, Scalar],
    say: Callable[[str], None],
) -> Iterator[LogFigures]:
    """Give what logs figures of the fit in `directory`, whose run goes on when the fit does.

    Raises OutputError, or UnreachableError for a tracker that does not answer at the start; one
    that stops answering later is said once and left alone.
    """
    if tracker is None:
        yield lambda figures, step: None
        return
    path = directory / RUN_FILE
    run = tracker.start(path.read_text() if path.is_file() else "", parameters)
    with write_errors_named(path):
        path.write_text(run)
    guarded = _Guarded(tracker, run, say)
    try:
        yield guarded.log
    except (TransientError, KeyboardInterrupt):
        guarded.end("KILLED")
        raise
    except BaseException:
        guarded.end("FAILED")
        raise
    guarded.end("FINISHED")


class _Guarded:
    """A tracker that is let go when it stops answering."""

    def __init__(self, tracker: Tracker, run: str, say: Callable[[str], None]) -> None:
        self._tracker: Tracker | None = tracker
        self._run = run
        self._say = say

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._try(lambda tracker: tracker.log(self._run, figures, step))

    def end(self, how: RunEnd) -> None:
        self._try(lambda tracker: tracker.end(self._run, how))

    def _try(self, tell: Callable[[Tracker], None]) -> None:
        if self._tracker is None:
            return
        try:
            tell(self._tracker)
        except UnreachableError as error:
            self._tracker = None
            self._say(f"  the rest of this run is not tracked: {error}")
