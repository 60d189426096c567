"""The sample corpus that comes with the project."""

from pathlib import Path

from sentiment.corpora.sources import Document, files

SAMPLE = Path(__file__).parents[1] / "sample" / "reviews.csv"
EXPECTED = "sample"


def matches(corpus: str) -> bool:
    return corpus == "sample"


def read(corpus: str, text_column: str, label_column: str) -> tuple[list[Document], str]:
    return files.read(str(SAMPLE), "text", "label", "difficulty")


def digest(corpus: str) -> str | None:
    return files.digest(str(SAMPLE))
