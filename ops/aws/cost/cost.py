"""What a million complaints cost on AWS, from a measured throughput and list prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

PRICES = Path(__file__).parent / "prices.yaml"
HOURS_A_MONTH = 730
_MILLION = 1_000_000
_BYTES_A_GIGABYTE = 2**30


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was measured, and how the system is run."""

    narratives_per_second: float
    """One endpoint instance at full load."""
    used_share: float = 0.5
    """How much of an instance's throughput is asked of it."""
    instances: int = 2
    batch_size: int = 100
    memory_gigabytes: float = 1.0
    record_bytes: int = 2048
    answer_bytes: int = 512
    row_bytes: int = 2048


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    dollars: float


def per_million(load: Load, prices: Mapping[str, Any]) -> list[Line]:
    """Return what grows with complaints, for a million of them."""
    batches = _MILLION / load.batch_size
    # A batch waits for the endpoint as long as one instance needs for it.
    lambda_seconds = _MILLION / load.narratives_per_second
    instance_hours = _MILLION / (load.narratives_per_second * load.used_share) / 3600
    processed_gigabytes = _MILLION * (load.record_bytes + load.answer_bytes) / _BYTES_A_GIGABYTE
    record_gigabytes = _MILLION * -(-load.record_bytes // 1024) * 1024 / _BYTES_A_GIGABYTE
    log_gigabytes = _MILLION * load.row_bytes / _BYTES_A_GIGABYTE
    endpoint, functions = prices["sagemaker"], prices["lambda"]
    stream, store = prices["kinesis"], prices["s3"]
    return [
        Line("endpoint", instance_hours * endpoint["instance_hour"]),
        Line("endpoint, data", processed_gigabytes * endpoint["gigabyte_processed"]),
        Line(
            "function",
            batches / _MILLION * functions["million_requests"]
            + lambda_seconds * load.memory_gigabytes * functions["gigabyte_second"],
        ),
        Line("stream", record_gigabytes * (stream["gigabyte_in"] + stream["gigabyte_out"])),
        Line("log, written", batches / 1000 * store["thousand_puts"]),
        Line("log, kept a year", log_gigabytes * 12 * store["gigabyte_month"]),
    ]


def per_month(load: Load, prices: Mapping[str, Any]) -> list[Line]:
    """Return what is paid without a single complaint."""
    endpoint = load.instances * HOURS_A_MONTH * prices["sagemaker"]["instance_hour"]
    return [
        Line(f"{load.instances} endpoint instances", endpoint),
        Line("stream", HOURS_A_MONTH * prices["kinesis"]["stream_hour"]),
        Line("key", prices["kms"]["key_month"]),
    ]


def table(title: str, lines: list[Line]) -> str:
    """Return a Markdown table with its sum."""
    rows = [f"| {line.what} | {line.dollars:,.2f} |" for line in lines]
    total = sum(line.dollars for line in lines)
    return "\n".join([f"| {title} | US$ |", "|---|---|", *rows, f"| **sum** | **{total:,.2f}** |"])


@click.command()
@click.option(
    "--narratives-per-second",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="Measured on one instance, as ops/bench/serving prints it.",
)
@click.option("--used-share", type=click.FloatRange(0.05, 1), default=0.5, show_default=True)
@click.option("--instances", type=click.IntRange(1), default=2, show_default=True)
def main(narratives_per_second: float, used_share: float, instances: int) -> None:
    """Print what a million complaints cost, and what a month costs without any."""
    prices = yaml.safe_load(PRICES.read_text())
    load = Load(
        narratives_per_second=narratives_per_second, used_share=used_share, instances=instances
    )
    click.echo(
        f"{narratives_per_second:g} narratives a second on one {prices['sagemaker']['instance']}, "
        f"used to {used_share:.0%}; list prices of us-east-1 as written on {prices['written']}, "
        f"{prices['checked']}.\n"
    )
    click.echo(table("a million complaints", per_million(load, prices)))
    click.echo()
    click.echo(table("a month, whatever comes", per_month(load, prices)))


if __name__ == "__main__":
    main()
