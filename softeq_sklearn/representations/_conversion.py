"""A representation, or the text that describes one, as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softeq_sklearn.representations._parsing import parse_representation
from softeq_sklearn.representations._rep import Rep

if TYPE_CHECKING:
    from softeq_sklearn.representations._column_schema import ColumnSchema


def as_representation(value: Rep | str | ColumnSchema, name: str = "rep") -> Rep:
    """Return a representation from a representation or its text.

    Parameters
    ----------
    value : Rep, str or ColumnSchema
        The representation, its notation as `parse_representation` reads it, or a schema that has
        one.
    name : str, default="rep"
        What error messages call the value.

    Returns
    -------
    Rep
        The representation.

    Raises
    ------
    TypeError
        If `value` is none of these.
    ValueError
        If the text is not the notation of a representation; the message shows the place.

    Examples
    --------
    >>> from softeq_sklearn.representations import as_representation
    >>> as_representation("5*Scalar + 5*Vector")
    5*Scalar + 5*Vector
    """
    from softeq_sklearn.representations._column_schema import ColumnSchema

    if isinstance(value, ColumnSchema):
        return value.rep
    if isinstance(value, Rep):
        return value
    if isinstance(value, str):
        return parse_representation(value, name)
    raise TypeError(
        f"'{name}' must be a representation such as 5 * Scalar + Vector, or its text. "
        f"Got {value!r} of type {type(value).__name__} instead."
    )
