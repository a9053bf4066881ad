"""What the environment decides. Read once, in `main`."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.trainer.errors import ConfigError

PREFIX = "TRAINER_"


@dataclass(frozen=True)
class Settings:
    """Settings of one process."""

    code_revision: str = "unknown"
    """Goes into the checkpoint."""
    mlflow_tracking_uri: str = ""
    """Where MLflow keeps runs; without it they are in TensorBoard alone."""
    mlflow_experiment_name: str = "complaints-trainer"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read TRAINER_* and MLflow's own two; raises ConfigError naming the variable."""
        revision = environ.get(f"{PREFIX}CODE_REVISION", cls.code_revision)
        if not 0 < len(revision) <= 200:
            raise ConfigError(f"{PREFIX}CODE_REVISION is empty or longer than 200 characters")
        return cls(
            code_revision=revision,
            mlflow_tracking_uri=environ.get("MLFLOW_TRACKING_URI", ""),
            mlflow_experiment_name=environ.get("MLFLOW_EXPERIMENT_NAME")
            or cls.mlflow_experiment_name,
        )
