"""The demo's command line: options in, exit code out."""

import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from ops.local.cloud.errors import LocalCloudError, PortInUseError
from ops.local.cloud.processes import Processes
from ops.local.demo.demo import Demo
from ops.local.demo.errors import DemoError, InputError, StepError
from ops.local.demo.inputs import gather_inputs
from ops.local.demo.options import DemoOptions
from ops.local.demo.screen import Screen
from ops.local.demo.summary import summary_table
from ops.local.demo.workspace import Workspace
from ops.local.monitor.prometheus import NotInstalledError, require_installed

FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True, "max_content_width": 100})
@click.option(
    "--complaints",
    type=FILE,
    help="CSV or Parquet to stream: a column narrative, optionally label or product. Without it, "
    "sample complaints that were invented for this demo.",
)
@click.option("--train-on", type=FILE, help="Labelled CSV or Parquet to train on. [samples]")
@click.option("--train-limit", type=click.IntRange(min=50), help="Train on a slice of this many.")
@click.option("--artifact", type=FILE, help="Serve this model.tar.gz and train nothing.")
@click.option("--rate", default=20.0, type=click.FloatRange(min=0.1), help="Complaints a second.")
@click.option("--count", type=click.IntRange(min=1), help="How many to stream. [all rows]")
@click.option(
    "--serving-port", type=click.IntRange(1, 65535), help="Port to serve on. [a free one]"
)
@click.option("--to", "folder", default=Path("dist/demo"), type=FILE, help="Where runs are kept.")
@click.option("--seed", default=7, help="Seed of the training.")
@click.option(
    "--retrain",
    "is_retraining",
    is_flag=True,
    help="Act on the agent's decision: train a candidate, prove it, promote it if it is proven "
    "while more is streamed. Takes as long as another training.",
)
@click.option(
    "--monitor", "is_monitored", is_flag=True, help="Watch it with the installed Prometheus."
)
@click.option("--keep-running", "is_kept_running", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--json", "is_json", is_flag=True, help="Print the summary as JSON on stdout.")
def main(is_json: bool, **options: object) -> None:
    """Run the whole loop on this machine, without an AWS account.

    Trains a model, exports and serves it, streams complaints through the Lambda consumer into the
    prediction log, reviews some, and lets the retraining agent decide; with --retrain also act.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(stderr=True)
    try:
        _run(DemoOptions(**options), console, is_json)  # type: ignore[arg-type]  # click checked
    except KeyboardInterrupt:
        console.print("Stopped; every process has ended.")
        sys.exit(130)
    except (DemoError, LocalCloudError) as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(_exit_code(error))


def _run(options: DemoOptions, console: Console, is_json: bool) -> None:
    if options.is_monitored:
        require_installed()
    inputs = gather_inputs(options)
    screen = Screen(console)
    workspace = Workspace.create(options.folder, datetime.now().astimezone())
    for note in inputs.notes:
        screen.note(note)
    with Processes(workspace.logs) as processes:
        demo = Demo(options, inputs, workspace, processes, screen)
        summary = demo.run()
        workspace.summary.write_bytes(summary.to_json())
        screen.show(summary_table(summary))
        for name, place in summary.places.items():
            screen.note(f"{name}: {place}")
        if is_json:
            click.echo(summary.to_json())
        if options.is_kept_running:
            screen.note("Still running. Ctrl-C stops everything.")
            threading.Event().wait()
    screen.note("Every process has ended.")


def _exit_code(error: Exception) -> int:
    is_bad_input = isinstance(error, InputError | PortInUseError | NotInstalledError) or (
        isinstance(error, StepError) and error.is_bad_input
    )
    return 2 if is_bad_input else 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
