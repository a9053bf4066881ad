"""A generated set of narratives with identifiers and look-alikes in them, to measure redaction by.

Drawn from a seed. The forms are those in which people write such things, not those that the
redactor knows: some of them it is expected to miss.
"""

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Draw = Callable[[random.Random], str]


@dataclass(frozen=True)
class Sample:
    """A narrative, the identifiers in it by kind, and the look-alikes that have to stay."""

    text: str
    identifiers: tuple[tuple[str, str], ...]
    lookalikes: tuple[str, ...]


def draw_samples(count: int, seed: int) -> list[Sample]:
    """Return `count` narratives of two to four sentences with something in each."""
    dice = random.Random(seed)
    return [_draw_sample(dice) for _ in range(count)]


def _draw_sample(dice: random.Random) -> Sample:
    identifiers, lookalikes, sentences = [], [], []
    for _ in range(dice.randint(2, 4)):
        if dice.random() < 0.5:
            kind = dice.choice(list(_IDENTIFIERS))
            sentence, value = _fill(dice, _IDENTIFIERS[kind])
            identifiers.append((kind, value))
        else:
            sentence, value = _fill(dice, _LOOKALIKES)
            lookalikes.append(value)
        sentences.append(sentence)
    return Sample(" ".join(sentences), tuple(identifiers), tuple(lookalikes))


def _fill(dice: random.Random, forms: Mapping[str, Draw]) -> tuple[str, str]:
    sentence = dice.choice(list(forms))
    value = forms[sentence](dice)
    return sentence.format(value), value


def _digits(count: int) -> Draw:
    return lambda dice: "".join(dice.choice(string.digits) for _ in range(count))


def _number(low: int, high: int) -> Draw:
    return lambda dice: str(dice.randint(low, high))


def _pattern(form: str) -> Draw:
    """Fill a form: 9 any digit, 2 a digit from 2 to 9, ? a letter; everything else as it is."""
    alphabet = {"9": string.digits, "2": "23456789", "?": string.ascii_uppercase}
    return lambda dice: "".join(dice.choice(alphabet.get(part, part)) for part in form)


def _either(*draws: Draw) -> Draw:
    return lambda dice: dice.choice(draws)(dice)


def _card(dice: random.Random) -> str:
    prefix, length = dice.choice([("4", 16), ("51", 16), ("37", 15), ("6011", 16), ("2221", 16)])
    body = prefix + _digits(length - len(prefix) - 1)(dice)
    check = next(digit for digit in string.digits if _luhn_sum(body + digit) % 10 == 0)
    number = body + check
    groups = [number[:4], number[4:10], number[10:]]
    if length == 16:
        groups = [number[n : n + 4] for n in range(0, 16, 4)]
    return dice.choice(["", " ", "-"]).join(groups)


def _luhn_sum(number: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total


def _ssn(dice: random.Random) -> str:
    area = dice.choice([n for n in range(1, 900) if n != 666])
    parts = (f"{area:03}", f"{dice.randint(1, 99):02}", f"{dice.randint(1, 9999):04}")
    return dice.choice(["-", "-", " ", "."]).join(parts)


def _email(dice: random.Random) -> str:
    name = dice.choice(["ann", "j.doe", "mary_ann", "bob+bank", "o'neil", "x99", "first.last.3"])
    host = dice.choice(["example.com", "mail.example.org", "bank-mail.co.uk", "uni.edu"])
    return f"{name}{dice.choice(['@', '@', '@', ' @ ', ' (at) '])}{host}"


def _date(dice: random.Random) -> str:
    day, month, year = dice.randint(1, 28), dice.randint(1, 12), dice.randint(2011, 2026)
    return dice.choice(
        [f"{month:02}/{day:02}/{year}", f"{year}-{month:02}-{day:02}", f"{month}-{day}-{year}"]
    )


_IDENTIFIERS: Mapping[str, Mapping[str, Draw]] = {
    "account": {
        "My account number is {}.": _either(_digits(8), _digits(10), _digits(12)),
        "The money left checking account {} that day.": _either(_digits(9), _digits(12)),
        "Acct #{} was closed without notice.": _either(_digits(6), _digits(9)),
        "They reported loan {} as late.": _either(_digits(8), _pattern("99999-9999")),
        "Account ending in {} is not mine.": _digits(4),
        "It concerns {} with your bank.": _digits(11),
        "Please look at mortgage loan number {} again.": _pattern("9999999999"),
        "The collector uses account no. {} for it.": _pattern("??9999999"),
        "My savings acct {} is frozen.": _pattern("9999 9999 99"),
        "Account: {} - please help.": _either(_digits(9), _pattern("XXXXXX9999")),
    },
    "card": {
        "They charged card {} again.": _card,
        "My credit card number {} was stolen.": _card,
        "A purchase on {} that I never made.": _card,
        "The debit card ({}) was declined.": _card,
    },
    "ssn": {
        "My SSN is {}.": _either(_ssn, _digits(9)),
        "They asked for my social security number, {}, on the phone.": _ssn,
        "My social is {} and someone uses it.": _ssn,
        "Someone filed with {} as theirs.": _ssn,
        "The last four of my SSN ending in {} were on the letter.": _digits(4),
    },
    "email": {
        "Write to {} please.": _email,
        "I sent it from {}, twice.": _email,
        "Their address is {}.": _email,
    },
    "phone": {
        "Call me at {}.": _either(_pattern("(222) 229-9999"), _pattern("222-229-9999")),
        "They keep calling from {} every day.": _either(
            _pattern("222.229.9999"), _pattern("1-222-229-9999"), _pattern("2222299999")
        ),
        "My cell is {} if needed.": _either(_pattern("222 229 9999"), _pattern("+1 222 229 9999")),
        "I called {} and was hung up on.": _either(_pattern("229-9999"), _pattern("222-229-9999")),
        "The office abroad is {}.": _either(
            _pattern("+44 29 9999 9999"), _pattern("+49 229 999999")
        ),
    },
}

_LOOKALIKES: Mapping[str, Draw] = {
    "They charged ${} for nothing.": _either(
        _number(5, 999), _pattern("2,999.99"), _pattern("29,999.00"), _number(10000, 999999)
    ),
    "This began on {}.": _date,
    "My score fell from {} overnight.": _pattern("299 to 299"),
    "They violated {}.": _either(
        _pattern("15 U.S.C. 1681"), _pattern("12 CFR 1026.29"), _pattern("FCRA 609")
    ),
    "The rate is {} now.": _either(_pattern("2.99%"), _pattern("29%")),
    "I live in ZIP {}.": _either(_pattern("99999"), _pattern("99999-9999")),
    "I waited {} for an answer.": _either(_pattern("29 days"), _pattern("2 months")),
    "The account was opened in {}.": _number(1990, 2026),
    "I have had {} with them.": _pattern("2 accounts"),
    "My account was charged {} times.": _number(2, 99),
    "It arrived at {}.": _pattern("10:29 AM"),
    "The balance on the account is {} dollars.": _number(100, 99999),
    "Case {} with the bureau is still open.": _pattern("29-99999"),
    "I paid with check {}.": _number(100, 9999),
    "It is about the {} form.": _either(_pattern("1099-C"), _pattern("W-2"), _pattern("4506-T")),
}
