"""The walls of .importlinter: the product keeps them, and they stop whoever climbs over."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / ".importlinter"
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
PACKAGES = [
    "libs/heads",
    "libs/labels",
    "services/onnx_exporter",
    "services/retraining_agent",
    "services/serving",
    "services/stream_consumer",
    "services/trainer",
    "ops/local",
]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--config", CONTRACTS],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """Every room of the real house, empty."""
    for package in PACKAGES:
        folder = tmp_path / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder.parent / "__init__.py").touch()
    return tmp_path


def test_the_product_keeps_every_wall(tmp_path: Path) -> None:
    for package in ("libs", "services"):
        shutil.copytree(ROOT / package, tmp_path / package)

    result = lint(tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


def test_an_empty_house_breaks_no_wall(small_house: Path) -> None:
    result = lint(small_house)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("importer", "imported", "broken"),
    [
        ("libs/labels", "services.serving", "libs never import a service"),
        ("services/serving", "services.trainer", "a service never imports another service"),
        ("services/trainer", "ops.local", "product code never imports ops or tests"),
        ("libs/labels", "torch", "of libs, only the heads import torch"),
        ("services/stream_consumer", "transformers", "serving, the consumer and the agent"),
        ("libs/labels", "boto3", "libs know no AWS"),
    ],
)
def test_an_import_over_a_wall_is_named(
    small_house: Path, importer: str, imported: str, broken: str
) -> None:
    (small_house / importer / "climber.py").write_text(f"import {imported}\n")

    result = lint(small_house)

    assert result.returncode == 1
    assert f"{importer.replace('/', '.')}.climber" in result.stdout
    assert broken in result.stdout


def test_an_import_by_way_of_another_module_is_named(small_house: Path) -> None:
    (small_house / "libs/heads/torch_head.py").write_text("import torch\n")
    (small_house / "services/serving/predict.py").write_text("import libs.heads.torch_head\n")

    result = lint(small_house)

    assert result.returncode == 1
    assert "services.serving.predict -> libs.heads.torch_head" in result.stdout
