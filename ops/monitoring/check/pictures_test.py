from pathlib import Path

from ops.monitoring.check.pictures import PanelData, draw_dashboard
from ops.monitoring.check.prometheus_api import Series
from ops.monitoring.panels import Look, Panel
from ops.monitoring.queries import Query

PNG = b"\x89PNG\r\n\x1a\n"


def panel(look: Look, *names: str) -> PanelData:
    series = [Series(name, [0.0, 2.0, 4.0], [0.2, 0.3, 0.1]) for name in names]
    return PanelData(Panel(look, "says", "s", [Query("up", "")], look), [series])


def test_a_picture_has_every_kind_of_panel_and_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "new" / "picture.png"
    panels = [panel("lines", "a", "b"), panel("shares", "a", "b"), panel("steps", "a")]

    draw_dashboard("Title", [*panels, panel("number", "a")], path)

    content = path.read_bytes()
    assert content.startswith(PNG)
    assert len(content) < 200_000


def test_panels_without_data_can_be_drawn_so_that_the_gap_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"

    draw_dashboard("Title", [panel("lines"), panel("steps"), panel("number")], path)

    assert path.read_bytes().startswith(PNG)
