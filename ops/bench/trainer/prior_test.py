from pathlib import Path

from ops.bench.trainer.prior import PRIORS, SERVED_VARIANT, measure_priors
from services.trainer.config import build_config
from services.trainer.testing.complaints import invented_rows, write_rows
from services.trainer.testing.tiny_encoder import write_tiny_encoder


def test_rows_that_are_kept_in_another_way_are_learned_from_but_do_not_judge(
    tmp_path: Path,
) -> None:
    served = [{**row, "variant": SERVED_VARIANT} for row in invented_rows(300)]
    # The same words under a label that they never have: who judged on these would be half wrong.
    others = [
        {**row, "label": "credit_card", "variant": "lowercased"}
        for row in invented_rows(60, seed=9)
    ]
    data = write_rows(tmp_path / "complaints.csv", [*served, *others])
    encoder = str(write_tiny_encoder(tmp_path / "encoder"))
    config = build_config({}, {"encoder.name": encoder, "data.test_fraction": 0.0})
    work = tmp_path / "work"
    work.mkdir()

    rows = measure_priors(data, config, work, lambda row: None)

    assert [row.prior for row in rows] == list(PRIORS)
    within = rows[-1]
    assert within.macro_f1 > 0.9
    assert within.accuracy_at_80 >= within.macro_f1
