from pathlib import Path

import pytest

from ops.monitoring.check.drawing import DrawingError, library, page_error, require_programs

QUIET = "[1:1:0101/000000.0:ERROR:bus.cc:408] Failed to connect to the bus\n62107 bytes written"
FAILED = '[1:1:0101/000000.0:INFO:CONSOLE:64] "Uncaught TypeError: x is undefined", source: page.js'


def test_without_the_programs_one_sentence_says_how_to_install_them(tmp_path: Path) -> None:
    with pytest.raises(DrawingError) as refused:
        require_programs(str(tmp_path))

    message = str(refused.value)
    assert "npm and chromium cannot be found" in message
    assert "apt-get install chromium nodejs npm" in message
    assert "\n" not in message


def test_what_a_pages_script_raised_is_told_from_what_chromium_always_says() -> None:
    assert page_error(QUIET) is None
    assert page_error(f"{QUIET}\n{FAILED}\n") == FAILED


def test_the_panel_library_is_pinned() -> None:
    name, version = library().split()

    assert name == "@grafana/ui"
    assert all(part.isdigit() for part in version.split("."))
