"""Every point of a space of discrete values, in order."""

import itertools
import math

from sentiment.errors import UserError
from sentiment.model.space import active

MOST = 10_000  # points; more than that is a mistake


class GridSearch:
    """Proposes the product of the dimensions' values, the last dimension fastest.

    A point is proposed once, without the hyperparameters that have no meaning there.

    Args:
        space: dict from a hyperparameter's name to its dimension (:mod:`sentiment.model.space`), all of them with ``values``.

    Raises:
        UserError: a dimension is continuous, or there are too many points.
    """

    def __init__(self, space):
        continuous = [f"{name} ({dimension})" for name, dimension in space.items() if not hasattr(dimension, "values")]
        if continuous:
            raise UserError(
                f"algo=grid needs discrete values, and there are none for {', '.join(continuous)}: "
                f"give them in a file, -P space=, as in `learning_rate: [0.001, 0.01]`"
            )
        size = math.prod(len(dimension.values) for dimension in space.values())
        if size > MOST:
            raise UserError(f"the grid has {size} points, more than {MOST}: narrow it with -P space=")
        points = (dict(zip(space, values)) for values in itertools.product(*(d.values for d in space.values())))
        meant = ({name: point[name] for name in active(space, point)} for point in points)
        self.points = list({tuple(point.items()): point for point in meant}.values())
        self._next = iter(self.points)

    def ask(self):
        """The next point, a dict, and None: all epochs."""
        return next(self._next), None

    def tell(self, number, loss):
        """A grid learns nothing."""
