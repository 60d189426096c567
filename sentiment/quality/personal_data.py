"""Mail addresses and phone numbers in texts. They are counted and shown masked; nothing is removed."""

import re
from collections.abc import Sequence
from itertools import islice

from sentiment.batches import Mapper, map_texts
from sentiment.quality.finding import Finding

MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
# With a country code; as in North America; with an area code that begins with 0, also as written in France and in
# Japan; as in Russia; a mobile phone in China. Letters of scripts without blanks may be next to a number.
PHONE = re.compile(
    r"(?<![A-Za-z_\d.,+/-])(?:"
    r"\+\d{1,3}[ .-]?(?:\(?\d{1,5}\)?[ .-]?){2,5}"
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"
    r"|0\d{2,4}[ /-]\d{3,}(?:[ -]?\d{2,}){0,3}"
    r"|0\d([ .])\d{2}(?:\1\d{2}){3}"
    r"|0\d-\d{4}-\d{4}"
    r"|8 ?\(\d{3}\) ?\d{3}[ -]\d{2}[ -]\d{2}"
    r"|1[3-9]\d{9}"
    r")(?![A-Za-z_\d.]*\d)"
)
KINDS = ("email address", "phone number")
DIGITS = range(8, 16)  # of a phone number; E.164 has at most 15
EXAMPLES = 5
WIDTH = 160  # characters of an excerpt
ADVICE = "Everyone who may see the runs can see them, and a model can learn them: replace them in the corpus."


def describe_personal_data(texts: Sequence[str], mapper: Mapper = map) -> Finding:
    """Count the texts with a mail address or a phone number; ``mapper`` searches batches of them."""
    found = map_texts(_find_first, texts, mapper)
    mails, phones = (sum(map(bool, firsts)) for firsts in zip(*found))
    some = (of_text for of_text in found if any(of_text))
    examples = [
        [kind, mask(first)] for of_text in islice(some, EXAMPLES) for kind, first in zip(KINDS, of_text) if first
    ]
    says = f"Texts with an email address: {mails}, with a phone number: {phones}, found by patterns."
    count = mails + phones
    return Finding(
        "Personal data",
        count,
        f"{says} {ADVICE}" if count else says,
        bool(count),
        [["pattern", "masked"], *examples[:EXAMPLES]] if count else [],
    )


def _find_first(text: str) -> tuple[str, str]:
    """The first match of each of ``KINDS`` in a text; empty if it has none."""
    return next(iter(find_mails(text)), ""), next(iter(find_phones(text)), "")


def find_mails(text: str) -> list[str]:
    return MAIL.findall(text) if "@" in text else []


def find_phones(text: str) -> list[str]:
    found = (match[0].rstrip(" .-") for match in PHONE.finditer(text))
    return [number for number in found if sum(sign.isdigit() for sign in number) in DIGITS]


def mask(found: str) -> str:
    """A mail address or a phone number without most of its letters and digits."""
    if "@" in found:
        name, _, host = found.partition("@")
        return f"{name[0]}***@{host[0]}***.{host.rpartition('.')[2]}"
    left = sum(sign.isdigit() for sign in found) - 2
    return re.sub(r"\d", lambda _: "*", found, count=left)


def excerpt(text: str) -> str:
    """The beginning of a text on one line, with mail addresses and phone numbers masked."""
    for found in [*find_mails(text), *find_phones(text)]:
        text = text.replace(found, mask(found))
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[:WIDTH]}…"
