from sentiment.registry.checks import Check
from sentiment.reports import page
from sentiment.reports.decision import add_decision

CHECKS = [Check("accuracy", True, "0.9 against 0.8"), Check("behaviour", False, "<worse>")]


def decided(card):
    return add_decision(card, "failed", "behaviour: <worse>", CHECKS, "my model", "3", "challenger")


def test_the_decision_takes_the_place_of_the_open_one(tracked):
    opened = page.render("decision.html", gate=None, version=None, checks=[], date="2026-01-01")
    text = decided(f"<dl>{opened}<p>after</p>")
    assert "not asked yet" in opened and "not asked yet" not in text
    assert text.startswith("<dl><!--decision-->") and text.endswith("<p>after</p>") and "&lt;worse&gt;" in text
    assert "my model 3" in text and "http://localhost:5000/#/models/my%20model/versions/3?" in text
    assert decided(text.replace("failed", "")).count("<!--decision-->") == 1


def test_a_card_of_an_earlier_version_stays_as_it_is(tracked):
    assert decided("<html></html>") == "<html></html>"
