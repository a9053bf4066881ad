import pytest

from services.stream_consumer.redact import KINDS, Redactor

ALL = Redactor(frozenset(KINDS))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mail ann.o'neil+x@mail.example.co.uk, or bob (at) mail (dot) com", "mail {e}, or {e}"),
        ("card 4111 1111 1111 1111 of 12/24", "card {c} of 12/24"),
        ("4111-1111-1111-1111, 378282246310005", "{c}, {c}"),
        ("ssn 123-45-6789, social security no. 123456789", "ssn {s}, social security no. {s}"),
        ("my SSN ending in 6789", "my SSN ending in {s}"),
        ("call (555) 234-5678 or 1-800-555-0199 or +44 20 7946 0958", "call {p} or {p} or {p}"),
        ("they called from 555-0199", "they called from {p}"),
        ("account number 123456, acct # 1234", "account number {a}, acct # {a}"),
        ("loan no. 00123-445", "loan no. {a}"),
        ("account ending in XXXX1234", "account ending in {a}"),
        ("paid from DE89 3704 0044 0532 0130 00", "paid from {a}"),
        ("it is 000123456789", "it is {a}"),
    ],
)
def test_identifiers_are_replaced(text: str, redacted: str) -> None:
    marks = {"e": "[EMAIL]", "c": "[CARD]", "s": "[SSN]", "p": "[PHONE]", "a": "[ACCOUNT]"}

    assert ALL.redact(text) == redacted.format(**marks)


@pytest.mark.parametrize(
    "text",
    [
        "I paid $12,345.67 on 01/02/2024 and $150000 in 2019",
        "under 15 U.S.C. 1681 and 12 CFR 1026.13",
        "opened my account on 01-02-2024 with 3.25% for 360 months",
        "at 10:45 on 2024-01-02, ZIP 90210-1234",
        "my account was charged 35 dollars 3 times",
        "4111 1111 1111 is too short, e-mail me @home",
        "XXXX XX/XX/2023 {$1500.00}",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert ALL.redact(text) == text


def test_a_number_without_its_check_digit_is_no_card() -> None:
    only_cards = Redactor(frozenset({"card"}))

    assert only_cards.redact("4111 1111 1111 1112") == "4111 1111 1111 1112"


def test_only_the_chosen_kinds_are_replaced() -> None:
    text = "ann@example.com, 123-45-6789"

    assert Redactor(frozenset({"ssn"})).redact(text) == "ann@example.com, [SSN]"
    assert Redactor().redact(text) == text
