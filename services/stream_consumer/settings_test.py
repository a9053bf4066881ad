import pytest

from services.stream_consumer.errors import SettingsError
from services.stream_consumer.settings import Settings

REQUIRED = {"ENDPOINT_NAME": "complaints", "LOG_BUCKET": "logs"}


def test_two_variables_are_enough() -> None:
    assert Settings.from_env(REQUIRED) == Settings("complaints", "logs")


@pytest.mark.parametrize("name", ["ENDPOINT_NAME", "LOG_BUCKET"])
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        Settings.from_env({**REQUIRED, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_ITEMS_PER_CALL", "0"),
        ("MAX_CALL_BYTES", "1e9"),
        ("ENDPOINT_CONCURRENCY", "two"),
        ("ENDPOINT_TIMEOUT_SECONDS", "nan"),
        ("RESERVE_SECONDS", ""),
        ("REDACT", "email,shoe-size"),
        ("TRACING", "maybe"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**REQUIRED, name: value})


def test_redaction_takes_some_kinds_or_all() -> None:
    some = Settings.from_env({**REQUIRED, "REDACT": "email, card"})
    all_kinds = Settings.from_env({**REQUIRED, "REDACT": "all"})

    assert some.redact == {"email", "card"}
    assert some.redact < all_kinds.redact
