"""Runs the demo with Prometheus, and beside its stream sends what a healthy caller never would."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ops.local.cloud.processes import LOOPBACK, child_environment

QUEUE_ITEMS = 64
TICK_SECONDS = 1.0
# A queue small enough to fill, and a cache, so that refusals and look-ups have something to show.
SETTINGS = {
    "COMPLAINTS_QUEUE_ITEMS": str(QUEUE_ITEMS),
    "COMPLAINTS_CACHE_ENTRIES": "1000",
}


class CheckError(Exception):
    """The check could not be made, or found something wrong; its message is for the user."""


@dataclass(frozen=True)
class WatchedDemo:
    """A demo under way; what it writes is in `folder`."""

    process: subprocess.Popen[bytes]
    folder: Path

    def run(self, seconds: float) -> dict[str, Any]:
        """Send odd requests until the demo has gone through, and return its summary."""
        deadline = time.monotonic() + seconds
        while (summary := self._summary()) is None:
            if self.process.poll() is not None:
                last = self.messages().rstrip().rpartition("\n")[2]
                raise CheckError(f"the demo ended early: {last}")
            if time.monotonic() > deadline:
                raise CheckError(f"the demo took longer than {seconds:g} s")
            if "ok  Connect" in self.messages():
                send_odd_requests(self.address("Serve it on"))
            time.sleep(TICK_SECONDS)
        return summary

    def messages(self) -> str:
        """Return what the demo told so far."""
        return (self.folder / "messages.txt").read_text(encoding="utf-8")

    def address(self, after: str) -> str:
        """Return the address that the demo printed after some words."""
        found = re.search(rf"{after} (http://{LOOPBACK}:\d+)", self.messages())
        if found is None:
            raise CheckError(f"the demo printed no address after {after!r}")
        return found[1]

    def _summary(self) -> dict[str, Any] | None:
        try:
            summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_bytes())
        except ValueError:  # not written to its end
            return None
        return summary


@contextmanager
def watched_demo(folder: Path, arguments: Sequence[str]) -> Iterator[WatchedDemo]:
    """Start the demo with Prometheus; leaving the context ends all that it started."""
    command = [sys.executable, "-m", "ops.local.demo.main", "--monitor", "--keep-running", "--json"]
    summary, messages = folder / "summary.json", folder / "messages.txt"
    with summary.open("wb") as stdout, messages.open("wb") as stderr:
        process = subprocess.Popen(
            [*command, "--to", str(folder / "runs"), *arguments],
            env={**child_environment(SETTINGS), "COLUMNS": "200"},
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield WatchedDemo(process, folder)
    finally:
        process.terminate()  # does nothing to one that has ended
        process.wait()


def send_odd_requests(address: str) -> list[int]:
    """Send a malformed request, a batch that no queue holds, and a repeat; return the codes."""
    batch = {"instances": [{"text": f"They charged me {n} times."} for n in range(QUEUE_ITEMS * 2)]}
    with httpx.Client(base_url=address, timeout=30.0, trust_env=False) as client:
        malformed = client.post("/invocations", json={"nothing": 1})
        too_many = client.post("/invocations", json=batch)
        repeat = client.post("/invocations", json={"text": "They charged my card twice."})
        ping = client.get("/ping")
    return [answer.status_code for answer in (malformed, too_many, repeat, ping)]
