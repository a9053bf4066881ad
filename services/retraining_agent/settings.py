"""What the environment tells the agent; read once, by main."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.retraining_agent.errors import BadInputError


@dataclass(frozen=True)
class Settings:
    """The agent's settings. Region, endpoints and identity are boto3's own variables."""

    bucket: str
    """BUCKET: the bucket with prediction log, reviews and registry."""
    policy_path: Path | None
    """POLICY: the policy file; the defaults where it is not set."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment; raises BadInputError naming the variable."""
        policy = environ.get("POLICY", "")
        return cls(
            bucket=_required(environ, "BUCKET"), policy_path=Path(policy) if policy else None
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise BadInputError(f"the environment variable {name} is not set")
    return value
