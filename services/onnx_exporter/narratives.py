"""The narratives that a model is verified on: the fixed ones of this service, or a given file."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from libs.events.labelled import read_complaints
from libs.labels.schema import LABEL_SCHEMA
from services.onnx_exporter.errors import NarrativesError

FIXED_FILE = "fixed_narratives.jsonl"
BUILT_IN = "built-in"


class LabelledNarrative(msgspec.Struct, frozen=True):
    narrative: str
    label: str

    @property
    def label_id(self) -> int:
        return LABEL_SCHEMA.label_id(self.label)


@dataclass(frozen=True)
class NarrativeSet:
    """Narratives with where they come from; `left_out` rows had no text or no known label."""

    source: str
    narratives: tuple[LabelledNarrative, ...]
    left_out: int = 0

    @property
    def texts(self) -> list[str]:
        return [item.narrative for item in self.narratives]

    @property
    def is_given(self) -> bool:
        return self.source != BUILT_IN


def fixed_narratives() -> NarrativeSet:
    """Return the narratives that ship with the exporter, written for it."""
    content = files("services.onnx_exporter").joinpath(FIXED_FILE).read_bytes()
    lines = content.splitlines()
    return NarrativeSet(
        BUILT_IN, tuple(msgspec.json.decode(line, type=LabelledNarrative) for line in lines)
    )


def read_narratives(path: Path) -> NarrativeSet:
    """Read a labelled complaint file; raises ComplaintFileError or NarrativesError."""
    complaints = read_complaints(path)
    if not complaints.complaints:
        raise NarrativesError(f"{path} holds no narrative with a known label")
    narratives = tuple(
        LabelledNarrative(row.narrative, row.label_name or "") for row in complaints.complaints
    )
    return NarrativeSet(path.name, narratives, len(complaints.omitted))
