"""Mail addresses and phone numbers in texts. They are counted and shown masked, and nothing is taken out."""

import re
from collections.abc import Iterable

from sentiment.quality.finding import Finding

MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
# With a country's code, as in North America, or with an area's code that begins with 0.
PHONE = re.compile(
    r"(?<![\w.,+/-])(?:"
    r"\+\d{1,3}[ .-]?(?:\(?\d{1,5}\)?[ .-]?){2,5}"
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"
    r"|0\d{2,4}[ /-]\d{3,}(?:[ -]?\d{2,}){0,3}"
    r")(?![\w.]*\d)"
)
DIGITS = range(8, 16)  # of a phone number; 15 is the most that E.164 has
EXAMPLES = 5
WIDTH = 160  # characters of an excerpt
ADVICE = "Whoever may see the runs sees them, and a model can learn them: replace them in the corpus."


def find_personal_data(texts: Iterable[str]) -> Finding:
    """Count the texts that have a mail address or a phone number."""
    mails, phones = 0, 0
    examples: list[list[str]] = []
    for text in texts:
        kinds = {"mail address": find_mails(text), "phone number": find_phones(text)}
        mails += bool(kinds["mail address"])
        phones += bool(kinds["phone number"])
        if len(examples) < EXAMPLES:
            examples += [[kind, mask(found[0])] for kind, found in kinds.items() if found]
    says = f"Texts with a mail address: {mails}, with a phone number: {phones}, by their patterns."
    count = mails + phones
    return Finding(
        "Personal data",
        count,
        f"{says} {ADVICE}" if count else says,
        bool(count),
        [["pattern", "masked"], *examples[:EXAMPLES]] if count else [],
    )


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
