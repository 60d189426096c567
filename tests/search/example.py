"""A small space with a conditional part, and a point in it."""

from sentiment.model.space import Choice, Integer, LogUniform, Uniform

SPACE = {
    "kind": Choice(("net", "tree")),
    "units": Integer(16, 64, step=16, when={"kind": ("net",)}),
    "rate": LogUniform(1e-3, 1e-1, when={"kind": ("net",)}),
    "depth": Integer(1, 5, when={"kind": ("tree",)}),
    "noise": Uniform(0.0, 0.5),
}
DEFAULTS = {"kind": "net", "units": 32, "rate": 0.01, "depth": 3, "noise": 0.1}
