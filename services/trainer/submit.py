"""A training job to be: what it reads, runs on and reports. Knows the container, no SDK."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.trainer.config import TrainerConfig
from services.trainer.errors import ConfigError, DataError
from services.trainer.inputs import is_address, parse_address
from services.trainer.sagemaker import TEACHER_CHANNEL, TEST_CHANNEL, TRAINING_CHANNELS

# What the steps print, read out of the job's log. https://docs.aws.amazon.com/sagemaker/latest/dg/
# define-train-metrics.html
METRICS = {
    "validation:macro_f1": r"epoch \S+: macro F1 ([0-9.]+) on validation",
    "evaluation:macro_f1": r"macro F1 ([0-9.]+) \([0-9.]+ to [0-9.]+\), calibration error",
    "evaluation:calibration_error": r"calibration error ([0-9.]+)",
}


@dataclass(frozen=True)
class Machine:
    """What a job runs on, and for how long at most."""

    image: str
    role: str
    instance_type: str
    instances: int
    volume_gigabytes: int
    max_hours: float
    is_spot: bool
    max_wait_hours: float
    """Spot: training and waiting for capacity together."""


@dataclass(frozen=True)
class JobRequest:
    """One training job."""

    name: str
    machine: Machine
    channels: Mapping[str, str]
    output: str
    checkpoints: str
    hyperparameters: Mapping[str, str]
    metrics: Mapping[str, str]


class TrainingJobs(Protocol):
    """Where jobs run; raises ConfigError, SubmitError or UnreachableError."""

    def start(self, request: JobRequest) -> str:
        """Start the job without waiting for its end and return its ARN."""
        ...


def job_request(
    name: str, data: str, test: str | None, output: str, machine: Machine, config: TrainerConfig
) -> JobRequest:
    """Describe the job that trains `config`; raises DataError or ConfigError."""
    if machine.is_spot and machine.max_wait_hours < machine.max_hours:
        raise ConfigError(
            f"--max-wait-hours is {machine.max_wait_hours:g}: expected at least "
            f"--max-hours, {machine.max_hours:g}"
        )
    if not is_address(output):
        raise DataError(f"{output} is no address: expected s3://bucket/prefix")
    folder = output.rstrip("/")
    channels = {
        TRAINING_CHANNELS[0]: data,
        TEST_CHANNEL: test,
        TEACHER_CHANNEL: config.loss.teacher or None,
    }
    return JobRequest(
        name=name,
        machine=machine,
        channels={
            channel: str(parse_address(place))
            for channel, place in channels.items()
            if place is not None
        },
        output=folder,
        checkpoints=f"{folder}/{name}/checkpoints",
        hyperparameters=hyperparameters(config),
        metrics=METRICS,
    )


def hyperparameters(config: TrainerConfig) -> dict[str, str]:
    """Return `section.field` -> value as JSON: how a job is told its configuration."""
    return {
        f"{section}.{field}": json.dumps(value)
        for section, fields in config.to_dict().items()
        for field, value in fields.items()
    }
