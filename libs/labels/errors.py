"""Errors of the label schema."""


class LabelsError(Exception):
    """Base of every error that `libs.labels` raises."""


class UnknownLabelError(LabelsError):
    """A label name or id that the schema does not have."""

    def __init__(self, value: object, known: tuple[str, ...]) -> None:
        self.value = value
        self.known = known
        super().__init__(f"unknown label {value!r}: expected one of {', '.join(known)}")


class LabelSchemaMismatchError(LabelsError):
    """Two parties were built with different label schemas."""

    def __init__(self, expected_digest: str, found_digest: str) -> None:
        self.expected_digest = expected_digest
        self.found_digest = found_digest
        super().__init__(
            f"label schema digest {found_digest[:12]} does not match {expected_digest[:12]}: "
            "the artifact or checkpoint was made for other labels"
        )


class LabelSchemaError(LabelsError, ValueError):
    """A label schema that contradicts itself."""
