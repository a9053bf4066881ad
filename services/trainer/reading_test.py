import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from libs.text.errors import TokenizerError
from services.trainer.encoder import packaged_folder
from services.trainer.reading import Reading, with_reading


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
def test_compact_markup_makes_marks_short_and_changes_nothing_else(
    plain: bytes, narrative: str, tokens: list[str]
) -> None:
    assert pieces(with_reading(plain, "compact_markup"), narrative) == tokens


@pytest.mark.parametrize(
    ("narrative", "tokens"),
    [
        ("The fee of {$1200.00} was NOT theirs.", ["fee", "$", "1200", "not", "theirs"]),
        ("on XX/XX/XXXX XXXX's bank called me", ["bank", "called", "me"]),
        ("can't, won't, didn\N{RIGHT SINGLE QUOTATION MARK}t, isn't", ["not", "not", "not", "not"]),
        ("they're overdrawn; an over-draft", ["they", "over", "##dra", "##wn", "over", "draft"]),
        ("US Bank charged it off", ["us", "bank", "charged", "off"]),
        ("another theme, only", ["another", "theme", "only"]),
        ("was it that?", []),
    ],
)
def test_content_words_leaves_out_what_complaints_share(
    plain: bytes, narrative: str, tokens: list[str]
) -> None:
    assert pieces(with_reading(plain, "content_words"), narrative) == tokens


def test_a_narrative_without_marks_has_the_same_tokens(plain: bytes) -> None:
    narrative = "Experian reports a debt of 12.50 dollars that isn't mine; exx and xx2."

    assert pieces(with_reading(plain, "compact_markup"), narrative) == pieces(plain, narrative)


def test_everything_leaves_the_tokenizer_as_it_is(plain: bytes) -> None:
    assert with_reading(plain, "everything") == plain


@pytest.mark.parametrize("reading", ["compact_markup", "content_words"])
def test_a_tokenizer_that_has_the_rules_stays_as_it_is(plain: bytes, reading: Reading) -> None:
    once = with_reading(plain, reading)

    assert once != plain
    assert with_reading(once, reading) == once


def test_fewer_words_can_be_read_of_a_tokenizer_that_has_other_rules(plain: bytes) -> None:
    compact = with_reading(plain, "compact_markup")

    assert pieces(with_reading(compact, "content_words"), "the fee of {$5.00}") == ["fee", "$", "5"]


@pytest.mark.parametrize("content", [b"", b"not JSON", b"[]"])
def test_a_file_that_is_no_tokenizer_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(TokenizerError, match=r"tokenizer\.json is not a tokenizer file"):
        with_reading(content, "compact_markup")


def test_a_tokenizer_without_a_normalizer_gets_one() -> None:
    bare = Tokenizer(WordLevel({"xx": 0}, unk_token="xx")).to_str().encode()

    assert pieces(with_reading(bare, "compact_markup"), "XX/XX") == ["xx"]


@pytest.mark.parametrize(
    ("reading", "narrative", "text"),
    [
        ("compact_markup", "xx/" * 300_000 + "xxa", "xx/xxa"),
        ("compact_markup", "xx" + "/" * 1_000_000, "xx" + "/" * 1_000_000),
        ("compact_markup", "x" * 1_000_000 + "a", "x" * 1_000_000 + "a"),
        ("compact_markup", "xx xxa " * 100_000, "xx xxa " * 100_000),
        ("content_words", "n't" * 300_000, "n t" * 299_999 + " not"),
        ("content_words", "'" * 1_000_000, " "),
        ("content_words", "the" * 300_000, "the" * 300_000),
    ],
    ids=[
        *("almost a run", "separators alone", "a long word", "again and again"),
        *("endings", "quotes", "almost a function word"),
    ],
)
def test_no_narrative_makes_the_rules_try_without_end(
    plain: bytes, reading: Reading, narrative: str, text: str
) -> None:
    normalizer = Tokenizer.from_buffer(with_reading(plain, reading)).normalizer

    assert normalizer.normalize_str(narrative) == text
