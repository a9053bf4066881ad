"""A bucket in memory for the compaction: tags are counted versions."""

from services.stream_consumer.compact import Version


class MemoryArchive:
    """Objects with versions; `rival` is written by somebody else before the next replacement."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = {key: Version(content, "1") for key, content in objects.items()}
        self.rival: tuple[str, bytes] | None = None

    def keys(self, prefix: str) -> list[str]:
        """Return the names that begin so, in order."""
        return sorted(key for key in self.objects if key.startswith(prefix))

    def version(self, key: str) -> Version | None:
        """Return the object, or None when there is none."""
        return self.objects.get(key)

    def replace(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write over the version of that tag; False when that is past."""
        if self.rival is not None:
            rival_key, rival_content = self.rival
            self.rival = None
            self.objects[rival_key] = Version(rival_content, "rival")
        known = self.objects.get(key)
        if (known.tag if known else None) != tag:
            return False
        self.objects[key] = Version(content, f"{tag}+")
        return True
