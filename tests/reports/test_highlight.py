from sentiment.reports.highlight import highlight


def test_the_words_that_matter_are_marked_by_strength_and_the_text_stays_as_it_is():
    weights = [("A", 0.0), (" gem", 0.4), (", not", -0.3), (" bad", 0.2), (" at all", 0.05)]
    marked = [("A ", 0), ("gem", 3), (", not ", 0), ("bad", 2), (" ", 0), ("at all", 1)]
    assert highlight(weights) == marked
    assert highlight([("A", 0.0), (" gem", 0.001)]) == [("A gem", 0)]  # nothing matters
    assert "".join(part for part, _ in highlight([("<b>", 0.5)])) == "<b>"


def test_of_a_long_text_the_surroundings_of_the_marked_words_are_left():
    parts = highlight([("far " * 500, 0.0), ("good", 0.4), (" away" * 500, 0.0)])
    text = "".join(part for part, _ in parts)
    assert ("good", 3) in parts and text.startswith(" … ") and text.endswith(" … ") and 300 < len(text) < 320
    assert len("".join(part for part, _ in highlight([("word " * 1000, 0.0)]))) < 620
