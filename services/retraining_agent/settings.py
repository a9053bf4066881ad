"""What the environment tells the agent; read once, by main."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.retraining_agent.errors import BadInputError
from services.retraining_agent.sagemaker_deployment import EndpointSpec
from services.retraining_agent.sagemaker_pipeline import PipelineSpec


@dataclass(frozen=True)
class Settings:
    """The agent's settings. Region, endpoints and identity are boto3's own variables."""

    bucket: str
    """BUCKET: the bucket with prediction log, reviews and registry."""
    policy_path: Path | None
    """POLICY: the policy file; the defaults where it is not set."""
    base_data: Path | None
    """BASE_DATA: labelled complaints that every candidate learns from, beside reviews."""
    work: Path
    """WORK_DIR: where local jobs work; `retraining` in the current folder."""
    trainer_command: str
    """TRAINER_COMMAND: how to train here, with {data}, {work} and {checkpoint}."""
    exporter_command: str
    """EXPORTER_COMMAND: how to export here, with {checkpoint}, {version} and
    {archive_folder}, in which it leaves model.tar.gz."""
    jobs_outlive_agent: bool
    """JOBS_OUTLIVE_AGENT: `true`, the default: a restarted agent finds the work of the one before.
    `false`: they are in the agent's process group, and end with whoever ends that group."""
    deploy_command: str
    """DEPLOY_COMMAND: how to serve a model here, with {archive} and {version}; may be empty."""
    pipeline: PipelineSpec | None
    """SAGEMAKER_PIPELINE and what it needs: ROLE_ARN, TRAINER_IMAGE, EXPORTER_IMAGE,
    SERVING_IMAGE, MODEL_PACKAGE_GROUP. Trains on AWS instead of here."""
    endpoint: EndpointSpec | None
    """ENDPOINT_NAME; ENDPOINT_ALARMS, by commas, roll an update back. Serves on AWS instead of by
    DEPLOY_COMMAND, as the live endpoint is configured."""
    event_bus: str
    """EVENT_BUS: name or ARN of the EventBridge bus that gets each decision; may be empty."""
    webhook_url: str
    """WEBHOOK_URL: where each decision is posted as JSON; may be empty."""
    pushgateway_url: str
    """PUSHGATEWAY_URL: where metrics are pushed; may be empty."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment; raises BadInputError naming the variable."""
        bucket = _required(environ, "BUCKET")
        settings = cls(
            bucket=bucket,
            policy_path=_path(environ, "POLICY"),
            base_data=_path(environ, "BASE_DATA"),
            work=_path(environ, "WORK_DIR") or Path("retraining"),
            trainer_command=environ.get("TRAINER_COMMAND", ""),
            exporter_command=environ.get("EXPORTER_COMMAND", ""),
            jobs_outlive_agent=_flag(environ, "JOBS_OUTLIVE_AGENT", True),
            deploy_command=environ.get("DEPLOY_COMMAND", ""),
            pipeline=_pipeline(environ, bucket),
            endpoint=_endpoint(environ, bucket),
            event_bus=environ.get("EVENT_BUS", ""),
            webhook_url=environ.get("WEBHOOK_URL", ""),
            pushgateway_url=environ.get("PUSHGATEWAY_URL", ""),
        )
        if bool(settings.trainer_command) != bool(settings.exporter_command):
            raise BadInputError("TRAINER_COMMAND and EXPORTER_COMMAND are set together or not")
        return settings

    @property
    def can_train(self) -> bool:
        """Whether training jobs are configured."""
        return bool(self.trainer_command) or self.pipeline is not None


def _pipeline(environ: Mapping[str, str], bucket: str) -> PipelineSpec | None:
    name = environ.get("SAGEMAKER_PIPELINE", "")
    if not name:
        return None
    return PipelineSpec(
        name=name,
        role_arn=_required(environ, "ROLE_ARN"),
        bucket=bucket,
        trainer_image=_required(environ, "TRAINER_IMAGE"),
        exporter_image=_required(environ, "EXPORTER_IMAGE"),
        serving_image=_required(environ, "SERVING_IMAGE"),
        model_package_group=_required(environ, "MODEL_PACKAGE_GROUP"),
    )


def _endpoint(environ: Mapping[str, str], bucket: str) -> EndpointSpec | None:
    name = environ.get("ENDPOINT_NAME", "")
    if not name:
        return None
    return EndpointSpec(
        endpoint=name,
        bucket=bucket,
        alarms=tuple(filter(None, environ.get("ENDPOINT_ALARMS", "").split(","))),
    )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise BadInputError(f"the environment variable {name} is not set")
    return value


def _flag(environ: Mapping[str, str], name: str, default: bool) -> bool:
    value = environ.get(name, str(default)).strip().lower()
    if value not in ("true", "false"):
        raise BadInputError(f"{name} is {value!r}: expected true or false")
    return value == "true"


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name, "").strip()
    return Path(value) if value else None
