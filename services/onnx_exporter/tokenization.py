"""Compares the artifact's tokenization with that of the transformers library."""

from collections.abc import Sequence

import msgspec
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from libs.text.normalise import normalise
from libs.text.tokenizer import NarrativeTokenizer


class TokenizationReport(msgspec.Struct, frozen=True):
    texts: int
    differing: int


def compare_tokenization(tokenizer: NarrativeTokenizer, texts: Sequence[str]) -> TokenizationReport:
    """Count the texts whose token ids differ from the library's, for each of them whole."""
    reference = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer.to_json()),
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
    )
    differing = sum(
        tokenizer.encode(text).input_ids != _reference_ids(reference, tokenizer, text)
        for text in texts
    )
    return TokenizationReport(len(texts), differing)


def _reference_ids(
    reference: PreTrainedTokenizerFast, tokenizer: NarrativeTokenizer, text: str
) -> list[int]:
    body = [int(i) for i in reference(normalise(text), add_special_tokens=False)["input_ids"]]
    frame = [reference.cls_token_id], [reference.sep_token_id]
    return [*frame[0], *tokenizer.truncation.cut(body), *frame[1]]
