"""Errors of checkpoints and artifacts."""


class ArtifactError(Exception):
    """Base of every error that `libs.artifact` raises."""


class ManifestError(ArtifactError):
    """A manifest or checkpoint description that cannot be read or breaks its format."""


class CorruptArtifactError(ArtifactError):
    """A file that is missing, unexpected, or not the one that the manifest names."""


class UnsafeArchiveError(ArtifactError):
    """An archive member that no honest artifact has: a link, a device, a path outside, a bomb."""
