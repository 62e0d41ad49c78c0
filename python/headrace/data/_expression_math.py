# SPDX-License-Identifier: Apache-2.0
"""Functions of numbers in expressions; a base of Expr."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from headrace.data.expressions import Expr, Options


class MathFunctions:
    """``col("x").abs()`` and the like. Each is one Arrow compute function; null stays null."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _call(self, function: str, *others: Any, options: Options | None = None) -> Expr:
            """Defined by Expr."""

    def round(self, ndigits: int = 0) -> Expr:
        """Nearest number with ``ndigits`` digits after the point; halves go to the even neighbour.

        >>> col("x").round()
        col('x').round()
        """
        return self._call("round", options=("RoundOptions", {"ndigits": ndigits}) if ndigits else None)

    def ceil(self) -> Expr:
        """Smallest whole number that is not below the value."""
        return self._call("ceil")

    def floor(self) -> Expr:
        """Largest whole number that is not above the value."""
        return self._call("floor")

    def trunc(self) -> Expr:
        """The value without its fraction."""
        return self._call("trunc")

    def abs(self) -> Expr:
        """Absolute value; overflow fails."""
        return self._call("abs_checked")

    def negate(self) -> Expr:
        """The value with the other sign; overflow fails."""
        return self._call("negate_checked")

    def sign(self) -> Expr:
        """-1, 0 or 1."""
        return self._call("sign")

    def power(self, exponent: Any) -> Expr:
        """The value to the power of ``exponent``, a number or an expression.

        >>> col("x").power(2)
        col('x').power(2)
        """
        return self._call("power", exponent)

    def sqrt(self) -> Expr:
        """Square root; NaN below 0."""
        return self._call("sqrt")

    def ln(self) -> Expr:
        """Natural logarithm."""
        return self._call("ln")

    def log10(self) -> Expr:
        """Logarithm to base 10."""
        return self._call("log10")

    def log2(self) -> Expr:
        """Logarithm to base 2."""
        return self._call("log2")

    def exp(self) -> Expr:
        """e to the power of the value."""
        return self._call("exp")

    def sin(self) -> Expr:
        """Sine, of radians."""
        return self._call("sin")

    def cos(self) -> Expr:
        """Cosine, of radians."""
        return self._call("cos")

    def tan(self) -> Expr:
        """Tangent, of radians."""
        return self._call("tan")

    def asin(self) -> Expr:
        """Arc sine, in radians."""
        return self._call("asin")

    def acos(self) -> Expr:
        """Arc cosine, in radians."""
        return self._call("acos")

    def atan(self) -> Expr:
        """Arc tangent, in radians."""
        return self._call("atan")
