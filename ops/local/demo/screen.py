"""What the user sees while the demo works: one line a step, and a live table. Writes to stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape

Update = Callable[[str], None]


class Screen:
    """Shows steps on a console; on something that is no terminal, plain lines alone."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[Update]:
        """Show a step as running, then as done with its seconds; yields a setter for a detail."""
        started = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"... {title}", highlight=False)
        with self._console.status(title) as status:
            yield lambda detail: status.update(f"{title} [dim]{escape(detail[:100])}[/dim]")
        seconds = time.monotonic() - started
        self._console.print(f"[green]ok[/green]  {title} ({seconds:.1f} s)", highlight=False)

    def note(self, text: str) -> None:
        self._console.print(f"    {text}", highlight=False, markup=False, soft_wrap=True)

    def show(self, renderable: RenderableType) -> None:
        self._console.print(renderable)

    @contextmanager
    def live(self) -> Iterator[Callable[[RenderableType], None]]:
        """Keep one renderable on screen and replace it; yields the setter."""
        with Live(console=self._console, refresh_per_second=8, transient=True) as live:
            yield live.update
