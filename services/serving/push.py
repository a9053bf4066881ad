"""Pushes the metrics to a Pushgateway where nothing can scrape the container.

Any worker can read all workers' metrics, so one of them pushes: the one that holds the lock.
"""

import fcntl
import logging
import socket
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

logger = logging.getLogger(__name__)

JOB = "complaints_serving"
TIMEOUT_SECONDS = 5.0
LOCK_FILE = "push.lock"


@dataclass(frozen=True)
class PushTarget:
    """Where and how often."""

    url: str
    period_seconds: float

    @property
    def address(self) -> str:
        """The group of this host, as the Pushgateway's own interface names it."""
        return f"{self.url.rstrip('/')}/metrics/job/{JOB}/instance/{quote(socket.gethostname())}"


class Pusher(threading.Thread):
    """Pushes every period and once more when stopped, as long as it holds the lock."""

    def __init__(self, target: PushTarget, scrape: Callable[[], bytes], directory: Path) -> None:
        super().__init__(name="metrics-push", daemon=True)
        self._target = target
        self._scrape = scrape
        self._lock_path = directory / LOCK_FILE
        self._stopped = threading.Event()

    def run(self) -> None:
        with self._lock_path.open("w") as lock:
            is_leader = False
            while not self._stopped.wait(self._target.period_seconds):
                is_leader = is_leader or _try_lock(lock.fileno())
                if is_leader:
                    self._push()
            if is_leader or _try_lock(lock.fileno()):
                self._push()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _push(self) -> None:
        """A gateway that is away costs a log line, never a request."""
        try:
            request = urllib.request.Request(
                self._target.address, self._scrape(), {"Content-Type": "text/plain"}, method="PUT"
            )
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
                pass
        except OSError as error:
            logger.warning("metrics not pushed", extra={"error_type": type(error).__name__})


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
