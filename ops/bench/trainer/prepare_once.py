"""One `prepare` in a process of its own, so that its memory is its own: DATA WORK."""

import sys
from pathlib import Path

from services.trainer.config import DataConfig
from services.trainer.prepare import DataFiles, prepare

if __name__ == "__main__":
    data, work = map(Path, sys.argv[1:])
    work.mkdir()
    prepare(DataFiles(data), DataConfig(), work)
