"""How each service is started: by its own command line and environment, as a deployment would.

The demo imports no service.
"""

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


def agent(*arguments: str, cloud: Mapping[str, str]) -> ProcessSpec:
    return ProcessSpec(
        "retraining_agent",
        module="services.retraining_agent.main",
        arguments=arguments,
        environment={**cloud, "BUCKET": BUCKET, "POLICY": str(POLICY)},
    )
