"""Loads a verified artifact into a classifier. Imported after the fork: see session_pool."""

from dataclasses import replace
from pathlib import Path

from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.text.tokenizer import NarrativeTokenizer
from services.serving.classifier import Classifier, Observer
from services.serving.pool_spec import PoolSpec
from services.serving.session_pool import SessionPool
from services.serving.verification import check_artifact


def load_classifier(directory: Path, spec: PoolSpec, observer: Observer) -> Classifier:
    """Verify and load an unpacked artifact; raises StartError or what the artifact is wrong in."""
    artifact = check_artifact(directory)
    tokenizer = NarrativeTokenizer.from_file(
        artifact.path(TOKENIZER_FILE), artifact.manifest.truncation
    )
    pool = SessionPool(artifact.path(MODEL_FILE), replace(spec, pad_id=tokenizer.pad_id))
    return Classifier(artifact, tokenizer, pool, observer)
