from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from libs.text.errors import InvalidNarrativeError, TokenizerError
from libs.text.tokenizer import NarrativeTokenizer
from libs.text.truncation import TruncationSpec

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "they", "charged", "me", "twice", "##r", "late"]


def small_tokenizer(max_length: int = 16) -> NarrativeTokenizer:
    vocabulary = {token: index for index, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return NarrativeTokenizer(tokenizer, TruncationSpec(max_length))


def test_a_narrative_is_framed_by_the_special_tokens() -> None:
    encoded = small_tokenizer().encode("They charged me later")

    assert encoded.input_ids == [2, 4, 5, 6, 9, 8, 3]
    assert encoded.token_count == 7
    assert not encoded.is_truncated


def test_truncation_is_told_with_the_full_token_count() -> None:
    encoded = small_tokenizer(max_length=4).encode("they charged me twice")

    assert encoded.input_ids == [2, 4, 5, 3]
    assert encoded.token_count == 6
    assert encoded.is_truncated


def test_what_a_narrative_becomes_can_be_read_back() -> None:
    assert small_tokenizer().read_back("They, CHARGED me") == "they [UNK] charged me"
    assert small_tokenizer(max_length=4).read_back("they charged me twice") == "they charged"


def test_a_batch_gives_each_narrative_what_it_gets_alone() -> None:
    tokenizer = small_tokenizer()
    narratives = ["they charged me", "twice", "me me me late unknown"]

    batch = tokenizer.encode_batch(narratives)

    assert batch == [tokenizer.encode(narrative) for narrative in narratives]


def test_an_empty_narrative_is_refused() -> None:
    with pytest.raises(InvalidNarrativeError):
        small_tokenizer().encode(" ")


def test_a_tokenizer_survives_a_round_trip_through_its_file(tmp_path: Path) -> None:
    tokenizer = small_tokenizer()
    (tmp_path / "tokenizer.json").write_text(tokenizer.to_json())

    restored = NarrativeTokenizer.from_file(tmp_path / "tokenizer.json", tokenizer.truncation)

    assert restored.encode("they charged") == tokenizer.encode("they charged")


def test_a_missing_tokenizer_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="tokenizer.json"):
        NarrativeTokenizer.from_file(tmp_path / "tokenizer.json", TruncationSpec())


def test_a_broken_tokenizer_file_is_refused() -> None:
    with pytest.raises(TokenizerError, match="not a tokenizer"):
        NarrativeTokenizer.from_bytes(b"{}", TruncationSpec())


def test_a_vocabulary_without_special_tokens_is_refused() -> None:
    tokenizer = Tokenizer(models.WordPiece({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))

    with pytest.raises(TokenizerError, match="CLS"):
        NarrativeTokenizer(tokenizer, TruncationSpec())
