"""Texts whose label is known, generated from templates and small lexicons."""

from collections.abc import Sequence
from itertools import product
from random import Random

from sentiment.evaluation.behaviour import FUNCTIONALITY, Case

CASES = 60  # of each capability, drawn from all that its templates generate

LEXICON = {
    "thing": ("film", "movie", "story", "plot", "acting", "script", "ending", "soundtrack", "dialogue", "cast"),
    "other": ("camera work", "pace", "humour", "costumes", "direction", "music"),
    "good": ("good", "great", "excellent", "wonderful", "brilliant", "superb", "delightful", "moving", "charming"),
    "bad": ("bad", "terrible", "awful", "boring", "dreadful", "dull", "horrible", "stupid", "lousy"),
    "love": ("loved", "enjoyed", "adored", "admired", "liked"),
    "hate": ("hated", "disliked", "despised", "loathed", "regretted"),
    "very": ("very", "really", "extremely", "absolutely", "truly", "incredibly"),
    "who": ("My brother", "A friend of mine", "My neighbour", "The critic of our paper", "Everybody else"),
    "filler": (
        "I saw it on a Tuesday evening.",
        "We sat in the third row.",
        "It runs for about two hours.",
        "The cinema is next to the station.",
        "It was made some years ago.",
        "Tickets are sold at the door.",
    ),
}

# From a capability to its templates and their labels.
TEMPLATES = {
    "simple positive": [("The {thing} was {good}.", "positive"), ("What a {good} {thing}!", "positive")],
    "simple negative": [("The {thing} was {bad}.", "negative"), ("What a {bad} {thing}!", "negative")],
    "verbs of feeling": [("I {love} the {thing}.", "positive"), ("I {hate} the {thing}.", "negative")],
    "intensified": [("The {thing} was {very} {good}.", "positive"), ("The {thing} was {very} {bad}.", "negative")],
    "negated positive": [
        ("The {thing} was not {good}.", "negative"),
        ("I can't say that the {thing} was {good}.", "negative"),
        ("Nobody would call the {thing} {good}.", "negative"),
    ],
    "negated negative": [
        ("The {thing} was not {bad} at all.", "positive"),
        ("The {thing} was never {bad}.", "positive"),
        ("There was nothing {bad} about the {thing}.", "positive"),
    ],
    "negation at a distance": [
        ("I don't think, after all that I had read about it, that the {thing} was {good}.", "negative"),
        ("I never had the feeling, not even for a minute, that the {thing} was {bad}.", "positive"),
    ],
    "contrast with but": [
        ("The {thing} was {bad}, but all in all I {love} it.", "positive"),
        ("The {thing} was {good}, but all in all I {hate} it.", "negative"),
    ],
    "contrast with although": [
        ("Although the {other} was {bad}, it is a {good} {thing}.", "positive"),
        ("Although the {other} was {good}, it is a {bad} {thing}.", "negative"),
    ],
    "temporal change": [
        ("I used to think that the {thing} was {bad}, but now I find it {good}.", "positive"),
        ("I used to think that the {thing} was {good}, but now I find it {bad}.", "negative"),
    ],
    "opinion of others": [
        ("{who} {hate} the {thing}, but I {love} it.", "positive"),
        ("{who} {love} the {thing}, but I {hate} it.", "negative"),
    ],
    "question and answer": [
        ("Was the {thing} {good}? Yes, it was.", "positive"),
        ("Was the {thing} {good}? No, it wasn't.", "negative"),
        ("Was the {thing} {bad}? No, it wasn't.", "positive"),
    ],
    "neutral fillers around it": [
        ("{filler} The {thing} was {good}. {filler}", "positive"),
        ("{filler} The {thing} was {bad}. {filler}", "negative"),
    ],
    "comparison": [
        ("The {thing} was far better than the {other}, and I {love} both.", "positive"),
        ("The {thing} was even worse than the {other}, and I {hate} both.", "negative"),
    ],
    "idiom": [
        ("Two thumbs up for the {thing}.", "positive"),
        ("The {thing} alone is worth the price of admission.", "positive"),
        ("The {thing} blew me away.", "positive"),
        ("The {thing} left me cold.", "negative"),
        ("The {thing} is a waste of time.", "negative"),
        ("I want those two hours of my life back, and the {thing} is to blame.", "negative"),
    ],
}


def functionality_cases() -> list[Case]:
    """The cases of every capability in ``TEMPLATES``, always the same ones, without duplicates."""
    return [case for capability in TEMPLATES for case in _draw(_generate(capability), CASES)]


def _generate(capability: str) -> list[Case]:
    """The cases of a capability, the same number from each of its templates."""
    templates = TEMPLATES[capability]
    cases = []
    for template, label in templates:
        names = [name for name in LEXICON if f"{{{name}}}" in template]
        texts = (template.format(**dict(zip(names, words))) for words in product(*(LEXICON[name] for name in names)))
        generated = [Case(capability, FUNCTIONALITY, text, expected=label) for text in texts]
        cases += _draw(generated, -(-CASES // len(templates)))
    return cases


def _draw(cases: Sequence[Case], count: int) -> list[Case]:
    """``count`` of the cases at random, or all of them if there are fewer.

    Evenly spaced, most of them would have the same words: the product of the lexicons is periodic.
    """
    return Random(0).sample(cases, min(count, len(cases)))
