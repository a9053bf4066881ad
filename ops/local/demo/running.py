"""Runs child processes for the demo, and turns a bad end into one clear sentence."""

import http.client
import urllib.error
import urllib.request

from ops.local.cloud.errors import StartError
from ops.local.cloud.processes import LOOPBACK, Child, Processes, ProcessSpec
from ops.local.demo.errors import StepError
from ops.local.demo.screen import Update

READY_SECONDS = 60.0


def run_to_end(processes: Processes, spec: ProcessSpec, update: Update) -> str:
    """Run a command to its end and return the last line that it wrote; raises StepError."""
    child = processes.start(spec)
    while child.wait(0.2) is None:
        update(last_line(child))
    return result_of(child)


def result_of(child: Child) -> str:
    """Wait for a command and return the last line that it wrote; raises StepError."""
    code = child.wait()
    if code:
        raise StepError(child.name, code, last_line(child), child.log_path)
    return child.log_path.read_text(errors="replace").rstrip().splitlines()[-1]


def start_server(processes: Processes, spec: ProcessSpec, port: int) -> Child:
    """Start a server and wait until its /ping answers 200; raises StepError."""
    child = processes.start(spec)
    try:
        child.wait_until_ready(lambda: _answers_ping(port), READY_SECONDS)
    except StartError as error:
        code = child.exit_code()
        line = last_line(child) if code is not None and code > 0 else error.reason
        raise StepError(spec.name, code or 1, line, child.log_path) from error
    return child


def last_line(child: Child) -> str:
    """Return the last line that a child wrote, without what a progress bar left around it."""
    lines = [part.strip() for part in child.tail().replace("\r", "\n").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _answers_ping(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/ping", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
        return False
