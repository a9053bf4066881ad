"""Errors of the registry's documents."""


class RegistryError(Exception):
    """Base of every error that `libs.registry` raises."""


class InvalidRegistryDocumentError(RegistryError):
    """A champion pointer or a ledger entry that breaks its format."""


class BrokenLedgerError(RegistryError):
    """A ledger with an altered, missing or misplaced entry."""

    def __init__(self, number: int, reason: str) -> None:
        self.number = number
        self.reason = reason
        super().__init__(f"ledger entry {number}: {reason}")
