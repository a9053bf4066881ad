from pathlib import Path

import pytest

from ops.monitoring.write_dashboards import FOLDER, PANELS, rendered


@pytest.mark.parametrize(("path", "content"), rendered(), ids=list(PANELS))
def test_a_committed_dashboard_is_what_the_code_renders(path: Path, content: str) -> None:
    committed = path.read_text(encoding="utf-8")

    assert committed == content, "run `python -m ops.monitoring.write_dashboards`"


def test_no_dashboard_is_committed_that_no_code_renders() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PANELS)


def test_every_panel_says_what_to_make_of_it_and_has_a_title_of_its_own() -> None:
    panels = [panel for panels in PANELS.values() for panel in panels]

    assert all(panel.says for panel in panels)
    assert len({panel.title for panel in panels}) == len(panels)
