import runpy

import pytest

from tests.docs.blocks import PROJECT

read_section = runpy.run_path(str(PROJECT / "docs" / "release_notes.py"))["read_section"]
CHANGELOG = """# Changelog

## [Unreleased]

## [1.10.0] - 2026-12-01

### Added

- Tenth.

## [1.1.0] - 2026-11-01

- First, see [the page][1].

[1.1.0]: https://example.com/v1.1.0
"""


def test_the_notes_of_a_tag_are_the_section_of_its_version_alone():
    assert read_section(CHANGELOG, "v1.10.0") == "### Added\n\n- Tenth."
    assert read_section(CHANGELOG, "1.1.0") == "- First, see [the page][1]."


@pytest.mark.parametrize("version", ["v1.1", "v2.0.0", "Unreleased", "v1.1.0.*"])
def test_a_version_without_notes_is_refused_in_one_line(version):
    with pytest.raises(SystemExit, match=r"error: CHANGELOG.md says nothing of .*found Unreleased, 1.10.0, 1.1.0"):
        read_section(CHANGELOG, version)
