"""Representations from text: a small recursive-descent parser, nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from softeq_sklearn.representations._rep import Rep
from softeq_sklearn.representations._tensors import Point, Scalar, T, Vector

# Bounds that no written representation meets; they keep hostile text from using up the stack.
MAX_LENGTH = 10_000
MAX_DEPTH = 50
MAX_DIGITS = 18

_NAMES = {"Scalar": Scalar, "Vector": Vector, "Point": Point}
_TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+)|(?P<name>[^\W\d]\w*)|(?P<symbol>>>|[-+*().,=]))")
_OPERAND = "Scalar, Vector, Point, T(p), T(p, q), an integer or '('"


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name", "symbol" or "end"
    text: str
    position: int


def parse_representation(text: str, name: str = "rep") -> Rep:
    """Return the representation that a text describes.

    The notation is the one that representations print: ``Scalar``, ``Vector``, ``Point``,
    ``T(p)``, ``T(p, q)``, sums with ``+``, multiples and products with ``*``, duals with ``.T``,
    linear maps with ``>>``, and parentheses. Operators bind as in Python.

    Parameters
    ----------
    text : str
        For example ``"5*Scalar + 5*Vector"``.
    name : str, default="rep"
        What error messages call the text.

    Returns
    -------
    Rep
        The representation.

    Raises
    ------
    TypeError
        If `text` is not a str.
    ValueError
        If the text is not of this notation; the message shows the position and what was expected.

    Examples
    --------
    >>> from softeq_sklearn.representations import parse_representation
    >>> parse_representation("5*Scalar + 5*Vector").dim(3)
    20
    >>> parse_representation("5*Scaler")
    Traceback (most recent call last):
        ...
    ValueError: 'rep' must be the text of a representation: expected Scalar, Vector, Point, T(p),
    T(p, q), an integer or '(' at position 2, found 'Scaler'. Got '5*Scaler' instead.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"'{name}' must be a str. Got {text!r} of type {type(text).__name__} instead."
        )
    return _Parser(text, name).parse()


class _Parser:
    """One method per rule of the grammar, loosest binding first.

    maps    = sum (">>" sum)*
    sum     = product ("+" product)*
    product = dual ("*" dual)*
    dual    = operand ("." "T")*
    operand = integer | name | "T" "(" integer ["," ["q" "="] integer] ")" | "(" maps ")"
    """

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name, self._depth = text, name, 0
        if len(text) > MAX_LENGTH:
            raise ValueError(
                f"'{name}' must be a text of at most {MAX_LENGTH} characters. "
                f"Got {len(text)} characters, starting with {text[:40]!r}, instead."
            )
        self._tokens = self._tokenize()
        self._next = 0

    def parse(self) -> Rep:
        value = self._maps()
        if self._token.kind != "end":
            self._fail("'+', '*', '>>', '.T' or the end")
        if isinstance(value, int):
            self._refuse(f"expected a representation, found only the integer {value}")
        return value

    def _tokenize(self) -> list[_Token]:
        tokens, position = [], 0
        end = len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                start = len(self._text) - len(self._text[position:].lstrip())
                self._refuse(f"unexpected character {self._text[start]!r} at position {start}")
            kind = match.lastgroup
            assert kind is not None  # what matches is one of the groups
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            position = match.end()
        return [*tokens, _Token("end", "", len(self._text))]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _accept(self, symbol: str) -> bool:
        if self._token.kind == "symbol" and self._token.text == symbol:
            self._next += 1
            return True
        return False

    def _maps(self) -> Rep | int:
        return self._chain(">>", self._sum, lambda a, b: a >> b)

    def _sum(self) -> Rep | int:
        return self._chain("+", self._product, lambda a, b: a + b)

    def _product(self) -> Rep | int:
        return self._chain("*", self._dual, lambda a, b: a * b)

    def _chain(
        self,
        symbol: str,
        operand: Callable[[], Rep | int],
        combine: Callable[[Any, Any], Rep | int],
    ) -> Rep | int:
        value = operand()
        while self._accept(symbol):
            place = self._tokens[self._next - 1].position
            right = operand()
            if symbol != "*" and (isinstance(value, int) or isinstance(right, int)):
                self._refuse(
                    f"{symbol!r} at position {place} must stand between two representations"
                )
            try:
                value = combine(value, right)
            except ValueError as error:
                self._refuse(f"{symbol!r} at position {place}: {error}")
        return value

    def _dual(self) -> Rep | int:
        value, n_duals = self._operand(), 0
        while self._token.text == "." and not isinstance(value, int):
            self._next += 1
            if self._token.text != "T":
                self._fail("'T' after '.'")
            self._next += 1
            n_duals += 1
        if isinstance(value, int) or not n_duals:
            return value
        try:
            dual = value.T
        except ValueError as error:
            self._refuse(str(error))
        return dual if n_duals % 2 else value  # the dual of the dual is the space itself

    def _operand(self) -> Rep | int:
        token = self._token
        if token.kind == "number":
            return self._integer()
        if token.kind == "name" and token.text in _NAMES:
            self._next += 1
            return _NAMES[token.text]
        if token.kind == "name" and token.text == "T":
            self._next += 1
            return self._tensor()
        if self._accept("("):
            return self._parenthesised()
        self._fail(_OPERAND)

    def _parenthesised(self) -> Rep | int:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} nested parentheses")
        value = self._maps()
        if not self._accept(")"):
            self._fail("')'")
        self._depth -= 1
        return value

    def _integer(self) -> int:
        token = self._token
        if token.kind != "number":
            self._fail("an integer")
        if len(token.text) > MAX_DIGITS:
            self._refuse(
                f"the integer at position {token.position} has more than {MAX_DIGITS} digits"
            )
        self._next += 1
        return int(token.text)

    def _tensor(self) -> Rep:
        start = self._tokens[self._next - 1].position
        if not self._accept("("):
            self._fail("'(' after T")
        orders = [self._integer()]
        if self._accept(","):
            if self._token.text == "q":
                self._next += 1
                if not self._accept("="):
                    self._fail("'=' after q")
            orders.append(self._integer())
        if not self._accept(")"):
            self._fail("')'" if len(orders) == 2 else "',' or ')'")
        try:
            return T(*orders)
        except ValueError as error:
            self._refuse(f"T at position {start}: {error}")

    def _fail(self, expected: str) -> NoReturn:
        token = self._token
        found = "the end" if token.kind == "end" else repr(token.text)
        self._refuse(f"expected {expected} at position {token.position}, found {found}")

    def _refuse(self, reason: str) -> NoReturn:
        raise ValueError(
            f"'{self._name}' must be the text of a representation: {reason}. "
            f"Got {self._text!r} instead."
        ) from None
