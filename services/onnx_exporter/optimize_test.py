import pytest

from services.onnx_exporter.errors import FusionError
from services.onnx_exporter.optimize import expected_fusions, require_fusions
from services.onnx_exporter.pipeline import ExportResult


def test_every_fusion_happens_in_every_layer(exported: ExportResult) -> None:
    assert exported.optimize.fusions == expected_fusions(layers=2)


def test_a_missing_fusion_is_named_with_its_count() -> None:
    found = {**expected_fusions(6), "Attention": 5, "EmbedLayerNormalization": 0}

    with pytest.raises(FusionError, match="0 of 1 EmbedLayerNormalization, 5 of 6 Attention"):
        require_fusions(expected_fusions(6), found)


def test_an_unexpected_fusion_is_welcome() -> None:
    require_fusions(expected_fusions(6), {**expected_fusions(6), "FastGelu": 1})
