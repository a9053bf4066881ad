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

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read TRAINER_*; raises ConfigError naming the variable."""
        revision = environ.get(f"{PREFIX}CODE_REVISION", cls.code_revision)
        if not 0 < len(revision) <= 200:
            raise ConfigError(f"{PREFIX}CODE_REVISION is empty or longer than 200 characters")
        return cls(code_revision=revision)
