"""How far the run is: lines and bars for people on stderr, silence for programs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar(Protocol):
    """A step under way."""

    def update(self, done: int, total: int | None = None, note: str = "") -> None: ...


class Reporter(Protocol):
    """Who hears of steps and findings."""

    def say(self, line: str) -> None: ...

    def bar(self, title: str) -> AbstractContextManager[Bar]: ...


class ConsoleReporter:
    """Shows lines and bars on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        # Not wrapped: in the log of a training job, a line is what metrics are read out of.
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def bar(self, title: str) -> Iterator[Bar]:
        if not self._console.is_terminal:
            yield _SilentBar()
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield _RichBar(progress, title)


class _RichBar:
    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=None, note="")

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        self._progress.update(self._task, completed=done, total=total, note=note)


class SilentReporter:
    """Tells nobody."""

    def say(self, line: str) -> None:
        return

    @contextmanager
    def bar(self, title: str) -> Iterator[Bar]:
        yield _SilentBar()


class _SilentBar:
    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        return
