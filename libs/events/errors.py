"""Errors of the documents that services exchange."""


class EventsError(Exception):
    """Base of every error that `libs.events` raises."""


class InvalidEventError(EventsError):
    """A document that breaks its contract; the message names the field and never quotes text."""
