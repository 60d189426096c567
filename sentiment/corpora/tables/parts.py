"""Several files with the same columns as one table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import File
from sentiment.corpora.tables import Batch, Table, cast
from sentiment.errors import UserError


class Parts:
    """A :class:`sentiment.corpora.tables.Table` of several files, one after the other, open one at a time.

    An unneeded column has the type that it has in its file; in ``schema``, that of the first one.

    Args:
        corpus: where the files are, and which of their columns are needed.
        files: the files, in order.
        open_file: opens one of them.

    Raises:
        UserError: one has other columns than the first, or columns of a type that does not fit.
    """

    def __init__(self, corpus: Corpus, files: Sequence[File], open_file: Callable[[File], Table]) -> None:
        self._files, self._open, self._corpus = files, open_file, corpus
        first = open_file(files[0])
        self.name, self.text_column = corpus.name, first.text_column
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
                arrays = [
                    self._cast(batch.columns.column(place), field, file) for place, field in zip(order, self.schema)
                ]
                yield replace(
                    batch,
                    columns=pa.RecordBatch.from_arrays(arrays, names=self.schema.names),
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
        needed = [pa.schema(map(_decoded, filter(self._is_needed, fields))) for fields in (self.schema, schema)]
        try:
            unified = pa.unify_schemas(needed, promote_options="permissive")
        except pa.ArrowException as error:
            raise self._misfit(file, error) from error
        return pa.schema([unified.field(field.name) if self._is_needed(field) else field for field in self.schema])

    def _cast(self, column: pa.Array, field: pa.Field, file: File) -> pa.Array:
        try:
            return cast(column, field.type) if self._is_needed(field) else column
        except pa.ArrowException as error:  # such as a 64-bit integer, if another file has floats
            raise self._misfit(file, error) from error

    def _is_needed(self, field: pa.Field) -> bool:
        return self._corpus.all_columns or field.name in self._corpus.columns

    def _misfit(self, file: File, error: Exception) -> UserError:
        return UserError(
            f"{self.name}: {file.part} has a column of another type than the other files ({error}): "
            "convert it, or give each a command of its own"
        )


def _decoded(field: pa.Field) -> pa.Field:
    """A column with the values of a dictionary instead of its indices."""
    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
