"""How each service is started: by its own command line and environment, as a deployment would.

The demo imports no service.
"""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.local.cloud.processes import LOOPBACK, ProcessSpec
from ops.local.demo.workspace import Workspace

STREAM = "complaints"
BUCKET = "complaints-demo"
QUEUE = "complaints-on-failure"
ENDPOINT = "complaints"
MODEL_NAME = "complaints"

POLICY = Path(__file__).with_name("policy.yaml")

# A minute or two of training on a laptop; production has its own configuration.
# It asks for 80 % accuracy above the review threshold: 95 % is out of reach for so small a model.
TRAINING_BUDGET = (
    *("--max-length", "96", "--epochs", "3"),
    *("--set", "calibration.wanted_accuracy=0.8"),
)


# The holdout of the samples has some 70 rows: a rate moves by more than a point with each of them,
# and so does the calibration error (int8 was seen to move it by 0.03).
EXPORT_BOUNDS = (
    *("--max-flip-rate", "0.05", "--max-macro-f1-loss", "0.05"),
    *("--max-ece-change", "0.1"),
)


def trainer(workspace: Workspace, seed: int) -> ProcessSpec:
    return ProcessSpec(
        "trainer",
        module="services.trainer.main",
        arguments=[
            *("run", "--data", str(workspace.training_data), "--to", str(workspace.checkpoint)),
            *("--work", str(workspace.training_state)),
            *("--seed", str(seed), *TRAINING_BUDGET),
        ],
    )


def exporter(checkpoint: Path, to: Path, version: str) -> ProcessSpec:
    return ProcessSpec(
        "onnx_exporter",
        module="services.onnx_exporter.main",
        arguments=[
            *("export", str(checkpoint), "--to", str(to)),
            *("--name", MODEL_NAME, "--version", version),
        ],
    )


def serving(artifact: Path, port: int) -> ProcessSpec:
    return ProcessSpec(
        "serving",
        module="services.serving.main",
        arguments=["serve"],
        environment={
            "MODEL_PATH": str(artifact),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "COMPLAINTS_BIND_HOST": LOOPBACK,
        },
    )


def consumer_mapping(
    workspace: Workspace, queue_url: str, environment: Mapping[str, str]
) -> ProcessSpec:
    return ProcessSpec(
        "stream_consumer",
        module="ops.local.cloud.event_source_mapping",
        arguments=[
            *("--stream", STREAM, "--handler", "services.stream_consumer.handler.handler"),
            *("--state", str(workspace.mapping_state)),
            *("--metrics-file", str(workspace.mapping_status)),
            *("--batch-size", "100", "--bisect", "--retries", "3", "--max-age", "3600"),
            *("--on-failure-queue-url", queue_url, "--poll-interval", "0.1"),
        ],
        environment={
            **environment,
            "ENDPOINT_NAME": ENDPOINT,
            "LOG_BUCKET": BUCKET,
        },
    )


def agent(
    *arguments: str, cloud: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> ProcessSpec:
    return ProcessSpec(
        "retraining_agent",
        module="services.retraining_agent.main",
        arguments=arguments,
        environment={**cloud, "BUCKET": BUCKET, "POLICY": str(POLICY), **(settings or {})},
    )


def retraining_settings(workspace: Workspace, seed: int) -> dict[str, str]:
    """Return what lets the agent train here, and serve through the local SageMaker API."""
    trainer = ("services.trainer.main", "run", "--data", "{data}", "--to", "{checkpoint}")
    state = ("--work", "{work}", "--seed", str(seed), *TRAINING_BUDGET)
    exporter = ("services.onnx_exporter.main", "export", "{checkpoint}", "--to", "{archive_folder}")
    model = ("--name", MODEL_NAME, "--version", "{version}", "--narratives", "{holdout}")
    python = (sys.executable, "-m")
    return {
        "BASE_DATA": str(workspace.training_data),
        "WORK_DIR": str(workspace.retraining),
        "TRAINER_COMMAND": shlex.join([*python, *trainer, *state]),
        "EXPORTER_COMMAND": shlex.join([*python, *exporter, *model, *EXPORT_BOUNDS]),
        "JOBS_OUTLIVE_AGENT": "false",
        "ENDPOINT_NAME": ENDPOINT,
    }
