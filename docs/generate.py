"""Fill the generated parts of docs/reference/ from the code: ``python docs/generate.py``; ``--check`` fails instead.

A generated part of a page stands between two comments, ``<!-- generated: NAME -->`` and ``<!-- end -->``. The page of
the parameters is written by ``python -m steps mlproject``.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

PROJECT = Path(__file__).resolve().parents[1]
REFERENCE = PROJECT / "docs" / "reference"
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_metrics() -> str:
    """A row for each metric of the comparison."""
    from sentiment.evaluation.metrics import METRICS

    lines = ["| name | column | better | what it is |", "|---|---|---|---|"]
    for metric in METRICS.values():
        better = "higher" if metric.higher_is_better else "lower"
        described = (metric.function.__doc__ or "").splitlines()[0] if metric.function else "measured by the steps"
        lines.append(f"| `{metric.name}` | {metric.title} | {better} | {described} |")
    return "\n".join(lines)


def write_search_spaces() -> str:
    """A table for each family: its hyperparameters, their ranges, when they apply, and where a search starts."""
    from sentiment.model.families import family_names, get_family
    from sentiment.model.space import format_params
    from sentiment.model.training import Training
    from sentiment.workflow.parameter_groups import TrainingParameters

    embeddings = get_args(TrainingParameters.model_fields["embedding"].annotation)
    parts = []
    for name in family_names():
        family = get_family(name)
        spaces = {embedding: family.search_space(Training(embedding=embedding)) for embedding in embeddings}
        space, defaults = max(spaces.values(), key=lambda found: len(found[0]))
        lines = [f"## {name}", ""]
        lines += [f"Options: {', '.join(f'`{option}`' for option in family.options)}.", ""] if family.options else []
        if not space:
            parts.append("\n".join([*lines, "No hyperparameters."]))
            continue
        lines += ["| hyperparameter | values | first trial | applies to |", "|---|---|---|---|"]
        for hyperparameter, dimension in space.items():
            values = str(dimension).replace("|", "\\|")
            conditions = [f"`{other}`: {', '.join(map(str, them))}" for other, them in dimension.when.items()]
            having = [embedding for embedding, (with_it, _) in spaces.items() if hyperparameter in with_it]
            conditions += [f"`embedding`: {', '.join(having)}"] if len(having) < len(spaces) else []
            lines.append(f"| `{hyperparameter}` | {values} | {defaults[hyperparameter]} | {'; '.join(conditions)} |")
        if family.starts:
            lines += ["", "With `tuner=hyperopt`, the trials after the first differ from it in:", ""]
            lines += [f"- `{format_params(changes)}`" for changes in family.starts]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def write_constants(section: str) -> str:
    """The constants of a section of sentiment/tracking.py, each with the comment behind it."""
    lines = ["| | |", "|---|---|"]
    for value, comment in read_constants()[section]:
        lines.append(f"| `{value}` | {comment} |")
    return "\n".join(lines)


def read_constants() -> dict[str, list[tuple[str, str]]]:
    """The sections of sentiment/tracking.py: from the comment above some constants to their values and comments."""
    text = (PROJECT / "sentiment" / "tracking.py").read_text(encoding="utf-8")
    sections: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith(("class ", "@", "def ")):
            break
        if line.startswith("# "):
            heading = line.removeprefix("# ").rstrip(".")
        elif match := re.fullmatch(r'[A-Z0-9_]+ = "(.+?)"(?:\s+# (.+))?', line):
            sections.setdefault(heading, []).append((match[1], match[2] or ""))
    return sections


def write_tags() -> Iterator[str]:
    """All sections of the project's own tags, each under its own heading."""
    for section in read_constants():
        if section.startswith("Tag") and "MLflow" not in section:
            yield f"## {section}\n\n{write_constants(section)}"


WRITERS = {
    "metrics": write_metrics,
    "search spaces": write_search_spaces,
    "tags": lambda: "\n\n".join(write_tags()),
    "artifacts": lambda: write_constants("Artifacts that one step writes and another reads"),
}


def fill(text: str) -> str:
    """A page with its generated parts written anew."""
    return PART.sub(lambda match: f"{match[1]}\n{WRITERS[match[2]]()}\n\n{match[3]}", text)


def main(arguments: list[str]) -> None:
    """Write the pages that are out of date; with ``--check`` exit with 1 if there are any."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md"))}
    stale = {page: filled for page, text in pages.items() if (filled := fill(text)) != text}
    names = ", ".join(str(page.relative_to(PROJECT)) for page in stale)
    if stale and "--check" in arguments:
        sys.exit(f"error: {names} out of date: run `python docs/generate.py`")
    for page, text in stale.items():
        page.write_text(text, encoding="utf-8")
    print(f"written: {names}" if stale else "docs/reference is up to date")


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    main(sys.argv[1:])
