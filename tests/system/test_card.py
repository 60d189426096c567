"""The review card of a comparison on the sample, looked at as a browser sees it."""

import html.parser
import re
import shutil
import subprocess

import mlflow
import numpy as np
import pytest

from tests.conftest import copy_store, runs, store
from tests.system.processes import NAIVE_BAYES, run_steps

SECTIONS = ("performance", "mistakes", "champion", "use", "search", "data", "provenance")
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Checker(html.parser.HTMLParser):
    """Raises where a tag is closed that is not the innermost open one."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.tags = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def checked(page):
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    return checker


HOSTILE = "<script>document.title='taken'</script> & <b>bold"


@pytest.fixture(scope="module", params=["two", "three"])
def folder(request, tmp_path_factory):
    """Where a comparison was made, before and after there was a champion.

    It is of the sample, in a copy of what the whole chain left, or of three classes whose texts hold markup.
    """
    folder = tmp_path_factory.mktemp("card")
    if request.param == "two":
        copy_store(request.getfixturevalue("chain")[0], folder)
        run_steps(folder, ["compare"])
        return folder
    lines = ["text,label"]
    random = np.random.default_rng(0)
    for number in range(240):
        label = ("negative", "neutral", "positive")[number % 3]
        word = random.choice(["bad", "plain", "good"], p=np.roll([0.6, 0.2, 0.2], number % 3))
        lines.append(f'"{word} film {number} {HOSTILE} {random.integers(9)}",{label}')
    (folder / "reviews.csv").write_text("\n".join(lines) + "\n")
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    run_steps(
        folder,
        ["ingest", "--corpus=reviews.csv"],
        ["featurize"],
        ["tune", "--max_evals=2", "--space=space.yaml"],
        ["tune", "--family=dense", "--max_evals=2", "--epochs=2", "--parallelism=1", "--members=1"],
        ["compare"],
        ["register"],
        ["compare"],
    )
    return folder


@pytest.mark.parametrize("documents, test_size", [(50, 0.2), (12_000, 0.9)])
def test_a_small_and_a_large_corpus_give_a_card_of_bounded_size(tmp_path, documents, test_size):
    """The large one has as many test documents as a corpus of 54,000 with the usual split, and fewer to train on."""
    random = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(2_000)])
    lines = ["text,label"]
    for number in range(documents):
        label = ("negative", "positive")[number % 2]
        lines.append(
            f"{' '.join(random.choice(words, 12))} {label if random.random() < 0.7 else 'film'} {number},{label}"
        )
    (tmp_path / "reviews.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "space.yaml").write_text("classifier: logistic_regression\nmax_order: 1\n")
    run_steps(
        tmp_path,
        ["ingest", "--corpus=reviews.csv", f"--test_size={test_size}"],
        ["featurize"],
        ["tune", "--space=space.yaml", "--max_evals=2"],
        ["compare"],
    )
    assert 100_000 < len(page(tmp_path)) < 5_000_000


def page(folder, place=0, step="compare"):
    with store(folder):
        return mlflow.artifacts.load_text(f"runs:/{runs(folder, step)[place].info.run_id}/review.html")


def visible(text):
    """The text of a page, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text.partition("</style>")[2])).split())


def test_it_is_valid_and_self_contained_and_has_every_section(folder):
    text = page(folder)
    found = checked(text)
    assert set(found.ids) == set(SECTIONS) and "script" not in found.tags
    assert not re.search(r'src="(?!data:image/png;base64,)|href="(?!http://localhost:5000/#/|#)', text)
    assert len(text) < 5_000_000


def test_no_link_takes_the_place_of_the_card_in_the_frame_that_mlflows_ui_shows_it_in(folder):
    for step in ("compare", "register"):
        text = page(folder, step=step)
        links = re.findall(r'<a href="http[^>]*>', text)
        assert links and all('target="_blank"' in link for link in links), links
        assert "Links do not open inside MLflow's UI" in visible(text)


def test_texts_are_shown_as_texts(folder):
    text = page(folder)
    assert "<script" not in text and "<b>bold" not in text
    if (folder / "reviews.csv").exists():
        assert "&lt;script&gt;" in text and "neutral" in text


def test_what_a_reviewer_asks_first_stands_first(folder):
    compare = runs(folder, "compare")[1]
    winner, shown = compare.data.tags["winner"], visible(page(folder, 1))
    accuracy = compare.data.metrics[f"{winner}.test_accuracy"]
    first = shown.partition("Performance")[0]
    assert f"Winner {winner}" in first and f"Accuracy on the test split {accuracy:.3f} 95% interval" in first
    assert "Majority baseline" in first and "Gate – not run yet" in first
    assert f"{compare.info.run_id}?workflowType=machine_learning" in page(folder, 1)
    assert re.search(r"class precision recall F1 texts negative( [01]\.\d{3}){3} \d+ ", shown)
    assert "Intended use and limits" in shown
    assert "trials of" not in page(folder, 1)  # no plot of two trials


def test_the_card_of_the_register_run_has_the_decision(folder):
    text = page(folder, step="register")
    checked(text)
    first = visible(text).partition("Performance")[0]
    assert "Gate passed there was no champion Version sentiment 1 champion Date 20" in first
    assert 'href="http://localhost:5000/#/models/sentiment/versions/1?' in text


def test_the_champion_stands_beside_the_winner_as_soon_as_there_is_one(folder):
    before, after = page(folder, 1), page(folder, 0)
    assert "sentiment had no champion before." in before
    assert "Change against the champion +0.0 points of accuracy, 95% interval" in visible(after)
    assert (
        "Version 1 of <code>sentiment</code>" in after and "Texts whose label changes: 0 (0 fixed, 0 broken)." in after
    )


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.parametrize("width", [1100, 390])
def test_a_browser_shows_it_without_an_error_and_without_cutting_it(folder, tmp_path, width):
    measure = (
        "<script>console.log('width ' + document.documentElement.scrollWidth + ' of ' + innerWidth + ' images ' + "
        "[...document.images].filter(i => i.naturalWidth > 100).length)</script></body>"
    )
    text = page(folder)
    (tmp_path / "card.html").write_text(text.replace("</body>", measure), encoding="utf-8")
    # In a frame, since a window of Chromium is at least 500 pixels wide.
    (tmp_path / "frame.html").write_text(f'<iframe src="card.html" width="{width}" height="2000" frameborder="0">')
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    shown = subprocess.run(
        [*command, f"--user-data-dir={tmp_path}/profile", "--dump-dom", f"file://{tmp_path}/frame.html"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = re.findall(r"CONSOLE.*", shown.stderr)
    assert len(said) == 1, said
    scroll, inner, images = map(int, re.search(r"width (\d+) of (\d+) images (\d+)", said[0]).groups())
    assert inner == width and scroll <= inner and images == text.count("<img")
