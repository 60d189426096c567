"""Whether a candidate is as accurate as the champion on documents that neither has seen."""

from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms
from sentiment.registry.versions import model_accuracy


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """Whether its accuracy is at most ``tolerance`` below the champion's."""
    if candidate.champion is None or not candidate.has_comparable_champion:
        return []
    test, tolerance = candidate.unseen_test, terms["tolerance"]
    champions = model_accuracy(candidate.champion_model, test)
    own = float((test[f"{candidate.row['family']}.label"] == test["label"]).mean())
    message = (
        f"test accuracy {own:.4f} against {champions:.4f} of version {candidate.champion.version} "
        f"on the same {len(test)} documents" + (f", tolerance {tolerance:g}" if tolerance else "")
    )
    figures = {"accuracy": own, "champion_accuracy": champions}
    return [Check("accuracy", own >= champions - tolerance, message, figures, is_reason=True)]
