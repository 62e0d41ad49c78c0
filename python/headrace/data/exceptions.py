# SPDX-License-Identifier: Apache-2.0
"""Exceptions of datasets; the same classes as in ``headrace.exceptions``."""

from __future__ import annotations

from headrace.exceptions import ExecutionTimeoutError, SystemException, UserCodeException

RayDataUserCodeException = UserCodeException

__all__ = ["ExecutionTimeoutError", "RayDataUserCodeException", "SystemException", "UserCodeException"]
