"""Finds identifiers in free text: what they look like, and what only looks like them. Pure.

Each finder yields spans. A number counts by its form, by a check digit, or by the words before
it, so that amounts, dates and statute numbers stay. Repetitions are bounded or possessive: time
stays linear.
"""

import re
from collections.abc import Callable, Iterator, Mapping

Span = tuple[int, int]

# RFC 5321 limits the local part to 64 characters and a label to 63.
_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_][\w.%+'-]{0,63}"
    r"(?: ?@ ?|\s?[\[(]at[\])]\s?)"
    r"(?:[A-Za-z0-9-]{1,63}(?:\.|\s?[\[(]dot[\])]\s?)){1,6}[A-Za-z]{2,24}\b",
    re.IGNORECASE,
)
_DIGIT_RUN = re.compile(r"(?<![\d$.])\d{1,19}(?:[ -]\d{1,19}){0,40}")
# https://www.ssa.gov/employer/randomization.html: no part is all zeros; 9xx are taxpayer numbers.
_SSN = re.compile(r"(?<![\d-])(?!000|666)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?!\d|-\d)")
_SSN_NAMED = re.compile(
    r"\b(?:ssn|itin|social(?: security)?)\b[^\d\n$]{0,30}?"
    r"(\d{3}[- .]?\d{2}[- .]?\d{4}|(?<=ending in )\d{4}|(?<=last four )\d{4}|(?<=last 4 )\d{4})\b",
    re.IGNORECASE,
)
# https://www.nationalnanpa.com: area code and exchange begin with 2 to 9.
_PHONE = re.compile(
    r"(?<![\w$.-])(?:\+?1[ .-]?)?"
    r"(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-]?|[2-9]\d{2}/)[2-9]\d{2}[ .-]?\d{4}(?!\d|[-.,]\d)"
)
_PHONE_ABROAD = re.compile(r"(?<!\w)\+[2-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,6}(?!\d)")
_PHONE_LOCAL = re.compile(
    r"\b(?:call(?:ed|ing)?|phone|cell|tel|text(?:ed)?|dial(?:ed)?|fax)\b[^\d\n$]{0,20}"
    r"([2-9]\d{2}[-.]\d{4})\b(?![-.\d])",
    re.IGNORECASE,
)
_NUMBER = r"(?:[A-Z]{1,4}-?)?\d{1,17}(?:[ -]\d{1,10}){0,6}"
_ACCOUNT_NAMED = re.compile(
    r"(?<!\[)\b(?:accounts?|accts?|acc|a/c|loans?|checking|savings|routing|aba|member(?:ship)?|policy"
    r"|mortgage|card)\b"
    # Up to the end of the sentence, which the point of "no." is not.
    r"((?:(?!(?<!no)(?<!acct)\.\s)[^\d\n$\u20ac\u00a3%]){0,30}?)(?<![\w$/])"
    rf"((?:[xX*]{{2,}}+[ -]?+){{0,8}}+{_NUMBER}"
    r"(?:(?:,| and| or| &|,? and)\s(?=\d{6})\d{6,17}){0,5})"
    r"(?![\d%]|[.,/]\d)",
    re.IGNORECASE,
)
_SHORT_IS_NAMED = re.compile(
    r"(?:#|\bno\b|\bnum(?:ber)?s?\b|\bend(?:s|ing)\b|\blast (?:four|4)\b)", re.IGNORECASE
)
_ACCOUNT_BARE = re.compile(r"(?<![\w$.,/-])\d{9,19}(?![\w%]|[-.,/]\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_DATE = re.compile(r"(?:\d{1,2}[- ]\d{1,2}[- ](?:19|20)?\d{2}|(?:19|20)\d{2}[- ]?\d{2}[- ]?\d{2})")


def find_emails(text: str) -> Iterator[Span]:
    """Yield e-mail addresses, also those written with (at) and (dot)."""
    yield from (match.span() for match in _EMAIL.finditer(text))


def find_cards(text: str) -> Iterator[Span]:
    """Yield payment card numbers: 13 to 19 digits that pass the check of ISO/IEC 7812-1."""
    for run in _DIGIT_RUN.finditer(text):
        yield from _cards_within(run)


def find_ssns(text: str) -> Iterator[Span]:
    """Yield social security numbers, and their last four digits where the text says so."""
    yield from (match.span() for match in _SSN.finditer(text))
    yield from (match.span(1) for match in _SSN_NAMED.finditer(text))


def find_phones(text: str) -> Iterator[Span]:
    """Yield telephone numbers of North America, international ones, and local ones called so."""
    yield from (match.span() for match in _PHONE.finditer(text))
    yield from (match.span() for match in _PHONE_ABROAD.finditer(text) if _digits(match[0]) >= 8)
    yield from (match.span(1) for match in _PHONE_LOCAL.finditer(text))


def find_accounts(text: str) -> Iterator[Span]:
    """Yield account numbers: named so, long enough to be nothing else, or a valid IBAN."""
    yield from (match.span() for match in _IBAN.finditer(text) if _is_iban(match[0]))
    yield from (match.span(2) for match in _ACCOUNT_NAMED.finditer(text) if _is_account(match))
    yield from (match.span() for match in _ACCOUNT_BARE.finditer(text))


FINDERS: Mapping[str, Callable[[str], Iterator[Span]]] = {
    "email": find_emails,
    "card": find_cards,
    "ssn": find_ssns,
    "phone": find_phones,
    "account": find_accounts,
}
"""In the order of certainty: what an earlier one replaces, a later one does not see."""


def _cards_within(run: re.Match[str]) -> Iterator[Span]:
    """Yield cards that begin and end at the groups of a run of digits, longest first."""
    groups = [match.span() for match in re.finditer(r"\d+", run[0])]
    free_from = 0
    for first, (begin, _) in enumerate(groups):
        if begin >= free_from:
            free_from = _card_end(run[0], groups[first:])
            if free_from:
                yield run.start() + begin, run.start() + free_from


def _card_end(text: str, groups: list[Span]) -> int:
    """Return where the longest card that begins with the first group ends; 0 without one."""
    digits, card_end = "", 0
    for begin, end in groups:
        digits += text[begin:end]
        if len(digits) > 19:
            break
        if len(digits) >= 13 and digits[0] in "23456" and passes_luhn(digits):
            card_end = end
    return card_end


def passes_luhn(digits: str) -> bool:
    """Check the last digit by ISO/IEC 7812-1, annex B."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def _is_iban(text: str) -> bool:
    """Check the digits by ISO 13616: modulo 97 is 1."""
    compact = text.replace(" ", "")
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _is_account(match: re.Match[str]) -> bool:
    """Six digits are enough behind the word; four only where they are called a number."""
    gap, number = match[1], match[2]
    if _DATE.fullmatch(number):
        return False
    if number[0] in "xX*" or _SHORT_IS_NAMED.search(gap):
        return _digits(number) >= 4
    return _digits(number) >= 6


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)
