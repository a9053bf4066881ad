from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.bench.trainer.ablate import Budget, ablate, base_config, seed_spread, variants
from services.trainer.pipeline import RunContext
from services.trainer.prepare import open_prepared
from services.trainer.progress import SilentReporter
from services.trainer.testing.complaints import invented_rows, write_rows
from services.trainer.testing.tiny_encoder import write_tiny_encoder
from services.trainer.workspace import Workspace

BUDGET = Budget(rows=100, epochs=1, max_length=32)


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    document = {"encoder": {"name": encoder}, "fit": {"precision": "fp32", "threads": 1}}
    return RunContext(
        workspace=Workspace(tmp_path / "work"),
        config=base_config(BUDGET, document),
        reporter=SilentReporter(),
        now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
        code_revision="test",
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "complaints.csv", invented_rows(150))


def test_every_variant_has_a_score_on_validation_rows_and_none_on_test_rows(
    context: RunContext, data: Path
) -> None:
    chosen = {name: variants(BUDGET)[name] for name in ("base", "loss focal", "seed 8")}

    rows = ablate(context, data, chosen)

    splits = open_prepared(context.workspace.folder("prepared")).summary.splits
    assert [row.variant for row in rows] == list(chosen)
    assert rows[0].difference == 0
    assert sum(splits["test"].values()) == 0
    assert seed_spread(rows) == pytest.approx(abs(rows[2].difference) / 2**0.5)


def test_a_variant_that_is_done_is_not_fitted_again(context: RunContext, data: Path) -> None:
    chosen = {"base": variants(BUDGET)["base"]}
    ablate(context, data, chosen)
    weights = context.workspace.folder("fit-base") / "best.safetensors"
    before = weights.stat().st_mtime_ns

    ablate(context, data, {**chosen, "head mean": variants(BUDGET)["head mean"]})

    assert weights.stat().st_mtime_ns == before
    assert (context.workspace.folder("fit-head-mean") / "best.safetensors").is_file()
