"""Has a headless Chromium draw pictures with Grafana's panel library, which npm installs.

Knows how to bundle and to take the screenshot, not what a picture shows.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.monitoring.check.panel_frames import Picture

PAGE = Path(__file__).parents[1] / "pictures_page"
PROGRAMS = ("npm", "chromium")
SCALE = 1.25
NPM_SECONDS, CHROMIUM_SECONDS = 900, 120
LIBRARY = "@grafana/ui"


class DrawingError(Exception):
    """Pictures cannot be drawn; its message is for the user."""


def require_programs(folders: str | None = None) -> None:
    """Raise DrawingError when a program is missing from `folders`, else from the PATH."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=folders) is None]
    if missing:
        raise DrawingError(
            f"no pictures, since {' and '.join(missing)} cannot be found: "
            "`apt-get install chromium nodejs npm` on Debian and Ubuntu"
        )


def library() -> str:
    """Return the name and the pinned version of Grafana's panel library."""
    package = json.loads((PAGE / "package.json").read_text(encoding="utf-8"))
    return f"{LIBRARY} {package['dependencies'][LIBRARY]}"


def draw(pictures: Mapping[str, Picture], folder: Path) -> None:
    """Write `<name>.png` for each picture; raises DrawingError."""
    require_programs()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="complaints-pictures-") as scratch:
        work = Path(scratch)
        _bundle(work)
        for name, picture in pictures.items():
            _screenshot(picture, work, folder / f"{name}.png")


def page_error(log: str) -> str | None:
    """Return the first error that a page's script raised, by what Chromium logged."""
    return next((line for line in log.splitlines() if "Uncaught" in line), None)


def _bundle(work: Path) -> None:
    """Make the page in `work`, after installing what it needs unless that is done."""
    lock, installed = PAGE / "package-lock.json", PAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run(["npm", "ci"], NPM_SECONDS)
    _run(["npm", "run", "--silent", "bundle", "--", f"--outdir={work}"], NPM_SECONDS)
    shutil.copy(PAGE / "page.html", work)


def _screenshot(picture: Picture, work: Path, path: Path) -> None:
    data = json.dumps(picture.document())
    (work / "picture.js").write_text(f"window.picture = {data};\n", encoding="utf-8")
    width, height = picture.size
    command = [
        *("chromium", "--headless", "--disable-gpu", "--hide-scrollbars"),
        *("--enable-logging=stderr", f"--user-data-dir={work / 'profile'}"),
        # The page has this much of its own time, however busy the machine is.
        "--virtual-time-budget=10000",
        *(f"--force-device-scale-factor={SCALE}", f"--window-size={width},{height}"),
        *(f"--screenshot={path.absolute()}", (work / "page.html").as_uri()),
    ]
    if os.geteuid() == 0:  # Chromium's sandbox does not run as root
        command.insert(1, "--no-sandbox")
    path.unlink(missing_ok=True)
    log = _run(command, CHROMIUM_SECONDS)
    error = page_error(log)
    if error is not None or not path.exists():
        raise DrawingError(f"{path.name} was not drawn: {error or log.strip()[-500:]}")


def _run(command: Sequence[str], seconds: float) -> str:
    """Return what a command wrote to its standard error."""
    try:
        done = subprocess.run(
            command, cwd=PAGE, capture_output=True, text=True, timeout=seconds, check=True
        )
    except subprocess.CalledProcessError as error:
        output = f"{error.stdout}{error.stderr}".strip()
        raise DrawingError(f"`{' '.join(command[:2])}` failed: {output[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise DrawingError(f"`{' '.join(command[:2])}` took over {seconds:g} s") from error
    return done.stderr
