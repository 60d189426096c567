"""The licences of a bill of materials."""

import json

from sentiment.deployment.inventory import read_licences


def test_a_package_is_listed_with_what_it_says_of_its_licence(tmp_path):
    classifier = {"license": {"name": "License :: OSI Approved :: BSD License"}}
    vague = {"license": {"name": "License :: OSI Approved"}}
    words = {"license": {"name": "declared license of 'some'", "text": {"content": "MIT License\n\nCopyright …"}}}
    file = {"license": {"name": "declared license file: COPYING", "text": {"encoding": "base64", "content": "TUlU"}}}
    stated = {
        "an id": ([{"license": {"id": "MIT"}}, classifier, words], "MIT"),
        "an expression": ([{"expression": "MIT OR Apache-2.0"}], "MIT OR Apache-2.0"),
        "classifiers": ([file, words, classifier, classifier], "BSD License, BSD License"),
        "words": ([vague, file, words], "MIT License"),
        "its file": ([file, vague], "declared license file: COPYING"),
        "none": ([], "not stated"),
    }
    parts = [{"name": name, "version": "1", "licenses": found} for name, (found, _) in stated.items()]
    (tmp_path / "sbom.json").write_text(json.dumps({"components": parts}))
    assert read_licences(tmp_path / "sbom.json") == {(name, "1"): said for name, (_, said) in stated.items()}
