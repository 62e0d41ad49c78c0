# SPDX-License-Identifier: Apache-2.0
"""Exceptions of headrace; names and bases are those of ``ray.exceptions``.

A failure in the user's function reaches the user as itself: the raised class is at once ``RayTaskError``,
``UserCodeException`` and the class that the function raised, so ``except ValueError`` works.
"""

from __future__ import annotations

import builtins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class RayError(Exception):
    """Base of all errors of the engine."""


class RayTaskError(RayError):
    """A task failed because of an exception in it.

    Attributes:
        function_name: Name of the operator, "" when unknown.
        traceback_str: Traceback of the exception in the worker.
        cause: The exception itself, or None when it could not be brought here.
    """

    function_name: str = ""
    traceback_str: str = ""
    cause: BaseException | None = None


class UserCodeException(RayError):
    """The exception was raised by a function of the user."""


class TaskCancelledError(RayError):
    """The task was cancelled."""


class CrossLanguageError(RayError):
    """Kept for import compatibility; not raised."""


class LocalRayletDiedError(RayError):
    """Kept for import compatibility; not raised."""


class WorkerCrashedError(RayError):
    """A worker process died and the task could not be retried."""


class RayActorError(RayError):
    """An actor cannot do its work."""


class ActorDiedError(RayActorError):
    """An actor died, or its constructor failed."""


class ActorUnavailableError(RayActorError):
    """An actor cannot be reached for now."""


class RaySystemError(RayError):
    """A failure of the engine itself."""


class AuthenticationError(RayError):
    """Kept for import compatibility; not raised."""


class ObjectStoreFullError(RayError):
    """The object store has no room and cannot make any."""


class OutOfDiskError(RayError):
    """The disk for spilled blocks is full."""


class OutOfMemoryError(RayError):
    """Memory is used up, or a worker was killed because it was."""


class NodeDiedError(RayError):
    """Kept for import compatibility; not raised on one machine."""


class ObjectLostError(RayError):
    """A block is gone and cannot be made again."""


class ObjectFetchTimedOutError(ObjectLostError):
    """A block did not arrive in time."""


class OwnerDiedError(ObjectLostError):
    """The process that owned a block is gone."""


class ObjectFreedError(ObjectLostError):
    """A block was freed before its last use."""


class ObjectReconstructionFailedError(ObjectLostError):
    """Making a lost block again failed."""


class ReferenceCountingAssertionError(ObjectLostError, AssertionError):
    """Kept for import compatibility; not raised."""


class RpcError(RayError):
    """Kept for import compatibility; not raised."""


class GetTimeoutError(RayError, TimeoutError):
    """``get`` took longer than its timeout."""


class PlasmaObjectNotAvailable(RayError):
    """An object is not in the store within the given time."""


class AsyncioActorExit(RayError):
    """Kept for import compatibility; not raised."""


class RuntimeEnvSetupError(RayError):
    """The environment of a worker could not be set up."""


class TaskPlacementGroupRemoved(RayError):
    """Kept for import compatibility; not raised."""


class ActorPlacementGroupRemoved(RayError):
    """Kept for import compatibility; not raised."""


class PendingCallsLimitExceeded(RayError):
    """Too many calls wait for an actor."""


class TaskUnschedulableError(RayError):
    """No machine can ever run the task."""


class ActorUnschedulableError(RayError):
    """No machine can ever run the actor."""


class ObjectRefStreamEndOfStreamError(RayError):
    """Kept for import compatibility; not raised."""


class RayChannelError(RaySystemError):
    """Kept for import compatibility; not raised."""


class RayChannelTimeoutError(RayChannelError, TimeoutError):
    """Kept for import compatibility; not raised."""


class UnserializableException(RayError):
    """An exception that cannot be pickled."""


class SystemException(RaySystemError):
    """A failure of the engine itself during a run; also ``headrace.data.exceptions.SystemException``."""


class ExecutionTimeoutError(RayError, TimeoutError):
    """A run made no progress for ``DataContext.execution_no_progress_timeout_s`` seconds."""


# An instance of these would end an interpreter, a generator or a for loop instead of being reported.
_CONTROL_FLOW = (StopIteration, StopAsyncIteration, GeneratorExit)

_dual_classes: dict[type[BaseException] | None, type[BaseException]] = {}


def _from_user_code(payload: bytes, message: str, operator: str) -> BaseException:
    """The exception that a worker reported, ready to be raised in the driver.

    Args:
        payload: Pickle, made by our own worker, of (exception or None, type name, message, traceback text), or b"".
        message: What the engine says about the failure; used when the payload cannot be read.
        operator: Name of the failed operator, "" when unknown.

    Returns:
        An instance of RayTaskError, UserCodeException and, where Python allows it, the class that was raised.
    """
    cause, type_name, text, traceback_text = _unpickle(payload, message)
    error = _instance_for(cause, f"{type_name}: {text}" if type_name else text)
    lines = (traceback_text or (f"{type_name}: {text}" if type_name else text) or message).rstrip()
    if operator:
        lines += f"\n\nRaised by the function of operator {operator}."
    own: dict[str, Any] = error.__dict__
    own.update(function_name=operator, traceback_str=traceback_text, cause=cause)
    own.update(_text=lines, _made_from=(payload, message, operator))
    return error


def _from_dead_actor(payload: bytes, message: str, operator: str) -> ActorDiedError:
    """What the user sees when an actor could not be made or is gone.

    Args:
        payload: As in ``_from_user_code``: what the constructor raised; b"" when the process itself died.
        message, operator: As in ``_from_user_code``.

    Returns:
        The error; its ``__cause__`` is the exception that the constructor raised.
    """
    of_operator = f" of operator {operator}" if operator else ""
    if not payload:
        return ActorDiedError(f"The actor{of_operator} died: {message}")
    raised = _from_user_code(payload, message, "")
    error = ActorDiedError(f"The actor{of_operator} died because of an error in its constructor:\n\n{raised}")
    error.__cause__ = getattr(raised, "cause", None)
    return error


def _unpickle(payload: bytes, message: str) -> tuple[BaseException | None, str, str, str]:
    if not payload:
        return None, "", message, ""
    import pickle

    try:
        cause, type_name, text, traceback_text = pickle.loads(payload)
    except Exception as error:  # the user's module is not importable here, or its __setstate__ fails
        return None, "", f"{message} (the exception could not be unpickled: {error!r})", ""
    return (cause if isinstance(cause, BaseException) else None), str(type_name), str(text), str(traceback_text)


def _instance_for(cause: BaseException | None, text: str) -> BaseException:
    if cause is None or not isinstance(cause, Exception) or isinstance(cause, _CONTROL_FLOW):
        return _dual_class(None)(text)
    made = _dual_class(type(cause))
    if not isinstance(cause, made.__bases__[-1]):  # the class cannot be subclassed
        return made(text)
    try:
        # The user's __init__ is not run a second time; built-in ones only fill fields such as errno.
        built_in_init = type(made.__init__) is type(Exception.__init__)
        given = cause.__reduce__()[1] if built_in_init else cause.args  # of an OSError, args lack the file name
        error = made.__new__(made, *given)
        if built_in_init:
            made.__init__(error, *given)
        error.args = cause.args
        error.__dict__.update(getattr(cause, "__dict__", {}))
    except Exception:
        return _dual_class(None)(text)
    return error


def _dual_class(raised: type[BaseException] | None) -> type[BaseException]:
    """The class made for exceptions of class ``raised``; the same one for the same class."""
    made = _dual_classes.get(raised)
    if made is None:
        bases: tuple[type, ...] = (RayTaskError, UserCodeException)
        name = "UserCodeException"
        if raised is not None:
            name = raised.__name__
            bases += (raised,)
            if issubclass(raised, RayError):  # keeps the order of resolution consistent
                bases = tuple(base for base in bases[:2] if not issubclass(raised, base)) + (raised,)
        members = {"__str__": _text_of, "__reduce__": _reduce, "__module__": __name__}
        try:
            made = type(f"RayTaskError({name})", bases, members)
        except TypeError:
            made = _dual_class(None)
        _dual_classes[raised] = made
    return made


def _text_of(error: BaseException) -> str:
    return str(error.__dict__.get("_text") or builtins.BaseException.__str__(error))


def _reduce(error: BaseException) -> tuple[Any, ...]:
    return (_from_user_code, error.__dict__["_made_from"])
