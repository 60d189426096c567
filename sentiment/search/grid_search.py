"""Grid search: every combination of discrete values, in order."""

from __future__ import annotations

import itertools
import math

from sentiment.errors import UserError
from sentiment.model.space import Params, Space, Uniform, drop_inactive

MAX_SIZE = 10_000  # a larger grid is taken for a mistake


class GridSearch:
    """Proposes the Cartesian product of the dimensions' values, the last dimension varying fastest.

    Combinations that differ only in inactive hyperparameters are proposed once, without these.

    Args:
        space: a search space of discrete dimensions.

    Raises:
        UserError: a dimension is continuous, or the grid is too large.
    """

    def __init__(self, space: Space) -> None:
        continuous = [f"{name} ({dimension})" for name, dimension in space.items() if isinstance(dimension, Uniform)]
        if continuous:
            raise UserError(
                f"algo=grid needs discrete values, and there are none for {', '.join(continuous)}: "
                f"give them in a file, -P space=, as in `learning_rate: [0.001, 0.01]`"
            )
        values = [dimension.values for dimension in space.values() if not isinstance(dimension, Uniform)]
        size = math.prod(map(len, values))
        if size > MAX_SIZE:
            raise UserError(f"the grid has {size} points, more than {MAX_SIZE}: narrow it with -P space=")
        combinations = (dict(zip(space, combination)) for combination in itertools.product(*values))
        active = (drop_inactive(space, params) for params in combinations)
        self.candidates = list({tuple(params.items()): params for params in active}.values())
        self._next = iter(self.candidates)

    def ask(self) -> tuple[Params, None]:
        """The next hyperparameters, and None for the usual number of epochs."""
        return next(self._next), None

    def tell(self, number: int, loss: float | None) -> None:
        """A grid does not depend on losses."""
