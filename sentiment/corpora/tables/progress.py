"""Progress of reading a table, on the console."""

import sys
from collections.abc import Iterator

from tqdm import tqdm

from sentiment.corpora.tables import Batch, Table


def follow(table: Table, what: str, delay: float = 0.0) -> Iterator[Batch]:
    """The batches of a table, with a bar and a rate on stderr; each counts when the next one is requested.

    Args:
        table: the table.
        what: the label before the bar.
        delay: seconds before the bar appears.
    """
    every = 0.1 if sys.stderr.isatty() else 10.0  # seconds; in a log file each update is a line
    with tqdm(
        desc=what,
        total=table.total,
        unit=table.unit,
        unit_scale=True,
        mininterval=every,
        delay=delay,
        file=sys.stderr,
    ) as bar:
        for batch in table:
            yield batch
            bar.update(batch.done - bar.n)
