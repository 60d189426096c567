"""Several files of the same columns as one table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from sentiment.corpora.stores import File
from sentiment.corpora.tables import Batch, Table
from sentiment.errors import UserError


class Parts:
    """A :class:`sentiment.corpora.tables.Table` of several files, one after the other; one of them is open at a time.

    Args:
        name: the parameter and the address, for messages.
        files: the files, in order.
        open_file: opens one of them.

    Raises:
        UserError: one has other columns than the first, or columns of a type that does not fit.
    """

    def __init__(self, name: str, files: Sequence[File], open_file: Callable[[File], Table]) -> None:
        self._files, self._open = files, open_file
        first = open_file(files[0])
        self.name, self.text_column = name, first.text_column
        self.suffix, self.unit, self.numbered, self.hint = first.suffix, first.unit, first.numbered, first.hint
        self.schema, self._totals = first.schema, [first.total]
        for file in files[1:]:
            table = open_file(file)
            self._totals.append(table.total)
            self.schema = self._unify(table.schema, file)
        self.total = None if None in self._totals else sum(filter(None, self._totals))

    def __iter__(self) -> Iterator[Batch]:
        before = 0
        for file, total in zip(self._files, self._totals):
            batch = None
            for batch in self._open(file):
                order = [batch.columns.schema.names.index(name) for name in self.schema.names]
                arrays = [batch.columns.column(place).cast(field.type) for place, field in zip(order, self.schema)]
                yield replace(
                    batch,
                    columns=pa.RecordBatch.from_arrays(arrays, schema=self.schema),
                    done=before + batch.done,
                    cells=batch.cells and [batch.cells[place] for place in order],
                    part=file.part,
                )
            before += total if total is not None else batch.done if batch else 0

    def _unify(self, schema: pa.Schema, file: File) -> pa.Schema:
        if sorted(schema.names) != sorted(self.schema.names):
            columns = f"{', '.join(schema.names)} and {', '.join(self.schema.names)}"
            raise UserError(
                f"{self.name}: {file.part} and {self._files[0].part} have different columns ({columns}): "
                "give each a command of its own, or name them alike"
            )
        try:
            schemas = [self.schema.remove_metadata(), schema.remove_metadata()]
            return pa.unify_schemas(schemas, promote_options="permissive")
        except pa.ArrowException as error:
            raise UserError(
                f"{self.name}: {file.part} has a column of another type than the files before it ({error}): "
                "convert it, or give each a command of its own"
            ) from error
