"""Objects in memory: a bucket that counts what it sends."""

from typing import IO

from services.trainer.errors import DataError
from services.trainer.inputs import ObjectAddress


class MemoryObjects:
    """Objects by address; the content is its own entity tag."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.sent = 0

    def download(self, address: ObjectAddress, known_etag: str, file: IO[bytes]) -> str:
        content = self.contents.get(str(address))
        if content is None:
            raise DataError(f"{address} cannot be read: the bucket has no such key")
        if content.hex() != known_etag:
            self.sent += 1
            file.write(content)
        return content.hex()
