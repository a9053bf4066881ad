"""Errors of narrative normalisation and tokenization."""


class TextError(Exception):
    """Base of every error that `libs.text` raises."""


class InvalidNarrativeError(TextError):
    """A narrative that cannot be classified; the message never quotes it."""


class TokenizerError(TextError):
    """A tokenizer file that cannot be read or lacks what classification needs."""


class TruncationError(TextError, ValueError):
    """Truncation settings that make no sense."""
