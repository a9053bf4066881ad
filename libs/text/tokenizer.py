"""The tokenizer of training and serving: a narrative in, token ids out. Knows no model."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from libs.text.errors import TokenizerError
from libs.text.normalise import normalise
from libs.text.truncation import SPECIAL_TOKENS, TruncationSpec


@dataclass(frozen=True)
class EncodedNarrative:
    """Token ids of one narrative, unpadded: [CLS] body [SEP]."""

    input_ids: list[int]
    token_count: int
    """Tokens before truncation, special tokens included."""

    @property
    def is_truncated(self) -> bool:
        return self.token_count > len(self.input_ids)


class NarrativeTokenizer:
    """Normalises, tokenizes and cuts narratives. Safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer, truncation: TruncationSpec) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._cls_id = _special_id(tokenizer, "[CLS]")
        self._sep_id = _special_id(tokenizer, "[SEP]")
        self.pad_id = _special_id(tokenizer, "[PAD]")
        self.truncation = truncation

    @classmethod
    def from_file(cls, path: Path, truncation: TruncationSpec) -> "NarrativeTokenizer":
        """Read a `tokenizer.json`; raises TokenizerError."""
        return cls.from_bytes(_read(path), truncation, name=str(path))

    @classmethod
    def from_bytes(
        cls, content: bytes, truncation: TruncationSpec, name: str = "tokenizer.json"
    ) -> "NarrativeTokenizer":
        """Read the content of a `tokenizer.json`; raises TokenizerError naming `name`."""
        try:
            tokenizer = Tokenizer.from_buffer(content)
        except Exception as error:  # the Rust binding raises bare Exception
            raise TokenizerError(f"{name} is not a tokenizer file") from error
        return cls(tokenizer, truncation)

    @property
    def vocabulary_size(self) -> int:
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def encode(self, narrative: str) -> EncodedNarrative:
        """Tokenize one narrative; raises InvalidNarrativeError."""
        return self.encode_batch([narrative])[0]

    def encode_batch(self, narratives: list[str]) -> list[EncodedNarrative]:
        """Tokenize several narratives, each as `encode` would; raises InvalidNarrativeError."""
        texts = [normalise(narrative) for narrative in narratives]
        encodings = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [self._frame(encoding.ids) for encoding in encodings]

    def read_back(self, narrative: str) -> str:
        """Return as text what of a narrative becomes tokens; raises InvalidNarrativeError."""
        _, *body_ids, _ = self.encode(narrative).input_ids
        return str(self._tokenizer.decode(body_ids))

    def to_json(self) -> str:
        """Return the content of `tokenizer.json`."""
        return str(self._tokenizer.to_str())

    def _frame(self, body_ids: list[int]) -> EncodedNarrative:
        return EncodedNarrative(
            input_ids=[self._cls_id, *self.truncation.cut(body_ids), self._sep_id],
            token_count=len(body_ids) + SPECIAL_TOKENS,
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TokenizerError(f"{path} cannot be read: {error.strerror}") from error


def _special_id(tokenizer: Tokenizer, token: str) -> int:
    token_id = tokenizer.token_to_id(token)
    if token_id is None:
        raise TokenizerError(f"the tokenizer has no {token} token: expected a BERT vocabulary")
    return int(token_id)
