# SPDX-License-Identifier: Apache-2.0
"""Schemas of TensorFlow Metadata, told by their attributes: the package need not be installed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# FeatureType of schema.proto -> kind of feature as the engine takes it.
_KINDS = {1: 1, 2: 3, 3: 2}  # BYTES, INT, FLOAT


def features_of(tf_schema: Any) -> list[tuple[str, int]] | None:
    """Names and kinds of the features of a ``tensorflow_metadata`` schema.

    Raises:
        TypeError: It is no schema.
        ValueError: A feature is not of type BYTES, INT or FLOAT.
    """
    if tf_schema is None:
        return None
    features = getattr(tf_schema, "feature", None)
    if features is None:
        raise TypeError(f"tf_schema must be a tensorflow_metadata Schema, got {type(tf_schema).__name__}")
    found = []
    for feature in features:
        kind = _KINDS.get(int(feature.type))
        if kind is None:
            raise ValueError(f"tf_schema: feature {feature.name!r} must be of type BYTES, INT or FLOAT")
        found.append((str(feature.name), kind))
    return found
