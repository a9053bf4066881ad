import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from libs.text.errors import TokenizerError
from services.trainer.encoder import packaged_folder
from services.trainer.markup import compact_markup


@pytest.fixture(scope="module")
def plain() -> bytes:
    return (packaged_folder() / "tokenizer.json").read_bytes()


def pieces(tokenizer_json: bytes, narrative: str) -> list[str]:
    tokenizer = Tokenizer.from_buffer(tokenizer_json)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens: list[str] = tokenizer.encode(narrative, add_special_tokens=False).tokens
    return tokens


@pytest.mark.parametrize(
    ("narrative", "tokens"),
    [
        ("on XX/XX/XXXX XXXX paid", ["on", "xx", "paid"]),
        ("in XX/XX/2019 at xxxx-xxxx", ["in", "xx", "/", "2019", "at", "xx"]),
        ("XXXX's fee of {$1200.00}.", ["xx", "'", "s", "fee", "of", "$", "1200", "."]),
        ("x rays, vexxed", ["x", "rays", ",", "ve", "##xx", "##ed"]),
        ("{ $5 } or 5.00", ["{", "$", "5", "}", "or", "5", ".", "00"]),
    ],
)
def test_marks_become_short_and_nothing_else_changes(
    plain: bytes, narrative: str, tokens: list[str]
) -> None:
    assert pieces(compact_markup(plain), narrative) == tokens


def test_a_narrative_without_marks_has_the_same_tokens(plain: bytes) -> None:
    narrative = "Experian reports a debt of 12.50 dollars that isn't mine; exx and xx2."

    assert pieces(compact_markup(plain), narrative) == pieces(plain, narrative)


def test_a_tokenizer_that_has_the_rules_stays_as_it_is(plain: bytes) -> None:
    once = compact_markup(plain)

    assert once != plain
    assert compact_markup(once) == once


@pytest.mark.parametrize("content", [b"", b"not JSON", b"[]"])
def test_a_file_that_is_no_tokenizer_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(TokenizerError, match=r"tokenizer\.json is not a tokenizer file"):
        compact_markup(content)


def test_a_tokenizer_without_a_normalizer_gets_one() -> None:
    bare = Tokenizer(WordLevel({"xx": 0}, unk_token="xx")).to_str().encode()

    assert pieces(compact_markup(bare), "XX/XX") == ["xx"]


@pytest.mark.parametrize(
    ("narrative", "text"),
    [
        ("xx/" * 300_000 + "xxa", "xx/xxa"),
        ("xx" + "/" * 1_000_000, "xx" + "/" * 1_000_000),
        ("x" * 1_000_000 + "a", "x" * 1_000_000 + "a"),
        ("xx xxa " * 100_000, "xx xxa " * 100_000),
    ],
    ids=["almost a run", "separators alone", "a long word", "again and again"],
)
def test_no_narrative_makes_the_rules_try_without_end(
    plain: bytes, narrative: str, text: str
) -> None:
    normalizer = Tokenizer.from_buffer(compact_markup(plain)).normalizer

    assert normalizer.normalize_str(narrative) == text
