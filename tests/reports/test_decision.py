from sentiment.registry.checks import Check
from sentiment.reports import page
from sentiment.reports.decision import add_decision

CHECKS = [Check("accuracy", True, "0.9 against 0.8"), Check("behaviour", False, "<worse>")]


def decided(card, champion=None):
    return add_decision(card, "failed", "behaviour: <worse>", CHECKS, "my model", "3", "challenger", champion)


def test_the_decision_takes_the_place_of_the_open_one(tracked):
    opened = page.render("decision.html", gate=None, version=None, checks=[], date="2026-01-01")
    text = decided(f"<dl>{opened}<p>after</p>")
    assert "not run yet" in opened and "not run yet" not in text
    assert text.startswith("<dl><!--decision-->") and text.endswith("<p>after</p>") and "&lt;worse&gt;" in text
    assert "my model 3" in text and "http://localhost:5000/#/models/my%20model/versions/3?" in text
    assert decided(text.replace("failed", "")).count("<!--decision-->") == 1


def test_a_card_of_an_earlier_version_stays_as_it_is(tracked):
    assert decided("<html></html>") == "<html></html>"


def test_what_a_reused_card_shows_of_another_champion_is_left_out(tracked):
    shown = "<div><!--champion my model, 2--><dd>+1.0 points</dd><!--/champion--></div>"
    shown += "<!--champion my model, 2--><p>Version 2</p><!--/champion--><p>after</p>"
    assert "+1.0 points" in decided(shown, "2") and "Version 2" in decided(shown, "3")  # 3: promoted by now
    for other in (decided(shown, "1"), decided(shown), decided(shown.replace("my model", "theirs"), "2")):
        assert "+1.0 points" not in other and "Version 2" not in other and "<p>after</p>" in other
        assert other.count("with another champion") == 2


def test_a_command_in_the_reason_is_code_without_backticks(tracked):
    opened = page.render("decision.html", gate=None, version=None, checks=[], date="2026-01-01")
    reason = "it waits for a review, `mlflow run . -P note='a <note>'`; better"
    text = add_decision(opened, "passed", reason, CHECKS, "m", "3", "challenger", None)
    code = "<code>mlflow run . -P note=&#39;a &lt;note&gt;&#39;</code>"
    assert f"it waits for a review, {code}; better</dd>" in text and "`" not in text
