"""Appending rows to Delta and Iceberg tables: types, and whether rows fit a table's columns."""

import pyarrow as pa

from sentiment.errors import UserError
from sentiment.scoring.outputs.appended import AppendedRows, cast, check_names

# Neither has unsigned or half-precision numbers: the smallest type that holds them.
WIDER = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.null(): pa.string(),
}


def storable(kind: pa.DataType) -> pa.DataType | None:
    """The type in which both store values of another; None if they cannot, as for durations."""
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return storable(kind.value_type)
    if is_a.is_list(kind) or is_a.is_large_list(kind) or is_a.is_fixed_size_list(kind):
        value = storable(kind.value_type)
        return value and pa.list_(value)
    if is_a.is_struct(kind):
        kinds = [storable(field.type) for field in kind]
        return None if None in kinds else pa.struct([(field.name, own) for field, own in zip(kind, kinds)])
    if is_a.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if is_a.is_large_string(kind) or is_a.is_string_view(kind):
        return pa.string()
    if is_a.is_large_binary(kind) or is_a.is_fixed_size_binary(kind) or is_a.is_binary_view(kind):
        return pa.binary()
    if is_a.is_duration(kind) or is_a.is_time(kind) or is_a.is_decimal256(kind):
        return None
    return WIDER.get(kind, kind)


def check_columns(name: str, own: pa.Schema, there: pa.Schema) -> None:
    """Raise UserError if rows cannot be appended to a table.

    Args:
        name: the parameter and the address, for messages.
        own: ``pyarrow.Schema`` of the rows, in :func:`storable` types.
        there: of the table. Columns that the rows do not have become null.
    """
    check_names(name, own.names, there.names)
    for field in there:
        if field.name in own.names:
            given = own.field(field.name).type
            if not _holds(field.type, given):
                raise UserError(
                    f"{name}: the column {field.name!r} is {field.type} in the table and {given} in the rows: name a "
                    "table that is not there yet, or convert the column of the input"
                )
        elif not field.nullable:
            raise UserError(f"{name}: the table needs a value for {field.name!r}, which the input lacks: add it there")


def fit(rows: AppendedRows, name: str, there: pa.Schema) -> pa.RecordBatchReader:
    """The waiting rows in the columns of a table that :func:`check_columns` accepted.

    Raises:
        UserError: one has no value where the table needs one.
    """
    needed = [field.name for field in there if not field.nullable]
    for batch in rows.waiting() if needed else ():
        if empty := [column for column in needed if batch.column(column).null_count]:
            raise UserError(f"{name}: the table needs a value for {empty[0]!r} in every row, and some have none")
    return pa.RecordBatchReader.from_batches(there, (cast(batch, there) for batch in rows.waiting()))


def _holds(wide: pa.DataType, narrow: pa.DataType) -> bool:
    """Whether a type holds every value of another."""
    wide = storable(wide) or wide
    try:
        both = pa.unify_schemas([pa.schema({"": wide}), pa.schema({"": narrow})], promote_options="permissive")
    except pa.ArrowException:
        return False
    return bool(both.field(0).type == wide)
