import re
from pathlib import Path

import pytest

from services.serving.errors import SettingsError
from services.serving.settings import Settings

SOURCE = Path(__file__).with_name("settings.py")
README = Path(__file__).with_name("README.md")


def test_defaults_are_those_of_a_sagemaker_container() -> None:
    settings = Settings.from_env({})

    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert settings.model_path == Path("/opt/ml/model")


def test_variables_are_read() -> None:
    environ = {"MODEL_PATH": "/m", "SAGEMAKER_BIND_TO_PORT": "9000", "COMPLAINTS_CORES": "16"}

    settings = Settings.from_env(environ)

    assert (settings.model_path, settings.port) == (Path("/m"), 9000)
    assert (settings.workers, settings.cores_per_worker) == (2, 8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_PATH", " "),
        ("SAGEMAKER_BIND_TO_PORT", "65536"),
        ("COMPLAINTS_WORKERS", "0"),
        ("COMPLAINTS_CORES", "two"),
        ("COMPLAINTS_PROVIDER", "tpu"),
        ("COMPLAINTS_DEADLINE_SECONDS", "nan"),
        ("COMPLAINTS_DRAIN_SECONDS", "23"),
        ("COMPLAINTS_LOG_LEVEL", "loud"),
        ("COMPLAINTS_PUSHGATEWAY_URL", "gateway:9091"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.from_env({name: value})

    assert name in str(wrong.value)


def test_the_table_in_the_readme_has_every_setting() -> None:
    read = set(re.findall(r'"((?:COMPLAINTS|SAGEMAKER|MODEL)_[A-Z_]+)"', SOURCE.read_text()))

    told = set(re.findall(r"^\| `([A-Z_]+)` \|", README.read_text(), re.MULTILINE))

    assert told == read
