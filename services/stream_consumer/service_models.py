"""Botocore's descriptions of services, loaded in less time: they are much of a cold start.

Botocore parses them with the standard library and lists every service it knows to find one.
"""

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader, Loader

SERVICES = ("s3", "sagemaker-runtime")


class ModelFiles(JSONFileLoader):
    """Reads the JSON files, compressed or not, by msgspec."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of the file, which is named without its ending; None without one."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return msgspec.json.decode(plain.read_bytes())
        if packed.is_file():
            return msgspec.json.decode(gzip.decompress(packed.read_bytes()))
        return None


class ServiceModels(Loader):
    """Knows the services that the consumer calls and no other."""

    FILE_LOADER_CLASS = ModelFiles

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services, without a look at the hundreds of folders."""
        return list(SERVICES)
