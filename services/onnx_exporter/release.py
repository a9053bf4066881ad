"""What an export is told about the artifact that it makes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Release:
    name: str = "complaints"
    version: str = "1.0.0"
    created_at: datetime | None = None
    """The checkpoint's own unless given."""
    data_statement: str | None = None
    """Markdown for the model card: where the training data comes from, and its limits."""
