# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests and by the examples in docstrings."""

import pytest


@pytest.fixture(autouse=True)
def _names_of_examples(doctest_namespace):
    """Docstring examples use ``ray``, as the package is meant to be imported."""
    import headrace as ray
    from headrace.data._expression_parser import parse
    from headrace.data._random_seed import RandomSeedConfig
    from headrace.data.aggregate import Sum, output_names
    from headrace.data.expressions import col, lit

    doctest_namespace.update(ray=ray, col=col, lit=lit, parse=parse, Sum=Sum, output_names=output_names)
    doctest_namespace.update(RandomSeedConfig=RandomSeedConfig)


@pytest.fixture
def context():
    """The current DataContext, put back as it was afterwards."""
    from headrace.data.context import DataContext

    own = DataContext.get_current().copy()
    with DataContext.current(own):
        yield own
