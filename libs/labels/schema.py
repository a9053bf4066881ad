"""The label schema that every service shares: ids, names, display names and their digest."""

import hashlib
import json
from dataclasses import asdict, dataclass

from libs.labels.errors import LabelSchemaError, LabelSchemaMismatchError, UnknownLabelError


@dataclass(frozen=True)
class LabelSchema:
    """Ordered labels; a label's id is its position in `names`."""

    version: int
    names: tuple[str, ...]
    display_names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names) or not self.names:
            raise LabelSchemaError(f"label names must be unique and not empty, got {self.names!r}")
        if len(self.names) != len(self.display_names):
            raise LabelSchemaError(
                f"{len(self.names)} label names need as many display names, "
                f"got {len(self.display_names)}"
            )

    def __len__(self) -> int:
        return len(self.names)

    def label_id(self, name: str) -> int:
        """Return the id of `name`; raises UnknownLabelError."""
        try:
            return self.names.index(name)
        except ValueError as error:
            raise UnknownLabelError(name, self.names) from error

    def label_name(self, label_id: int) -> str:
        """Return the name of `label_id`; raises UnknownLabelError."""
        if not 0 <= label_id < len(self.names):
            raise UnknownLabelError(label_id, self.names)
        return self.names[label_id]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the schema's canonical JSON."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def require_digest(self, found_digest: str) -> None:
        """Raise LabelSchemaMismatchError unless `found_digest` is this schema's own."""
        if found_digest != self.digest:
            raise LabelSchemaMismatchError(self.digest, found_digest)


LABEL_SCHEMA = LabelSchema(
    version=1,
    names=(
        "credit_card",
        "credit_reporting",
        "debt_collection",
        "mortgages_and_loans",
        "retail_banking",
    ),
    display_names=(
        "Credit Card",
        "Credit Reporting",
        "Debt Collection",
        "Mortgages/Loans",
        "Retail Banking",
    ),
)
