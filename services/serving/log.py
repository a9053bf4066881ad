"""Structured logs on standard output: one JSON object a line."""

from typing import Any


def log_config(level: str) -> dict[str, Any]:
    """Return the logging configuration (dictConfig) for every logger in the process."""
    quiet = {"handlers": ["stdout"], "level": "WARNING", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.msgspec.MsgspecFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"handlers": ["stdout"], "level": level.upper()},
        "loggers": {
            "gunicorn.error": {**quiet, "level": level.upper()},
            "gunicorn.access": quiet,
            "uvicorn.error": quiet,
            "uvicorn.access": quiet,
        },
    }
