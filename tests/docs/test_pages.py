"""The pages themselves: each block says how it is tested, links lead somewhere, generated parts are up to date."""

import re
import runpy

import pytest
import yaml

from sentiment import tracking
from tests.docs.blocks import PAGES, PROJECT, read_blocks

LANGUAGES = {"sh", "python", "diff", "yaml", "mermaid", "text"}
NOT_TESTED = {"mermaid", "text"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_each_block_has_a_known_language_and_a_reason_where_it_is_not_run(page):
    text = page.read_text(encoding="utf-8")
    blocks = read_blocks(page)
    assert len(blocks) == len(re.findall(r"^```\w+$", text, re.M)), "a block has no language"
    for block in blocks:
        assert block.language in LANGUAGES, block.name
        assert not block.mark.startswith("not run") or block.mark.partition(": ")[2], block.name
        assert not block.mark or block.language not in NOT_TESTED, block.name
    # A block that is indented would be tested by nobody.
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    assert not re.search(r"^\n {4}\S+ \S", outside, re.M) or page.name == "CONTRIBUTING.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_command_ends_in_a_comment_which_zsh_takes_for_arguments(page):
    for block in read_blocks(page):
        # What a command reads after << may have comments.
        typed = re.sub(r"<<'?(\w+)'?.*?^\1$", "", block.text, flags=re.M | re.S) if block.language == "sh" else ""
        assert not re.search(r"^[^#\n]*\S +# ", typed, re.M), block.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if heading:
            assert heading in headings(file), f"{page.name}: {target}"


def headings(file):
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize(
    "block",
    [block for page in PAGES for block in read_blocks(page) if block.language == "yaml" and block.runs],
    ids=lambda block: block.name,
)
def test_yaml_blocks_are_yaml(block):
    assert yaml.safe_load(block.text)


def test_every_name_in_tracking_is_known_to_the_reference():
    listed = runpy.run_path(str(PROJECT / "docs" / "generate.py"))["read_constants"]().values()
    names = {value for name, value in vars(tracking).items() if name.isupper() and isinstance(value, str)}
    assert names == {value for section in listed for value, _ in section}


def test_every_tag_of_the_reference_is_described():
    tags = runpy.run_path(str(PROJECT / "docs" / "generate.py"))["write_tags"]()
    assert [row for section in tags for row in section.splitlines() if row.endswith("|  |")] == []


def test_a_hyperparameter_that_needs_word_vectors_says_so():
    spaces = runpy.run_path(str(PROJECT / "docs" / "generate.py"))["write_search_spaces"]()
    assert "| `vectors` | fine_tuned \\| frozen | fine_tuned | `embedding`: word2vec, glove |" in spaces


def test_generated_parts_are_up_to_date():
    generate = runpy.run_path(str(PROJECT / "docs" / "generate.py"))
    for page in generate["REFERENCE"].glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert generate["fill"](text) == text, f"{page.name} is out of date: run python docs/generate.py"
