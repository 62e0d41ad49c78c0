# SPDX-License-Identifier: Apache-2.0
import pickle

import pytest

from headrace import exceptions
from headrace.exceptions import RayError, RayTaskError, UserCodeException, _from_user_code


def _reported(error, operator="Map(f)", traceback="Traceback ...\n  in f\n"):
    payload = pickle.dumps((error, type(error).__name__, str(error), f"{traceback}{type(error).__name__}: {error}"))
    return _from_user_code(payload, "task failed", operator)


class Odd(Exception):
    """Its constructor takes other arguments than args holds."""

    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.code = code

    def __reduce__(self):
        return (Odd, (self.code, "again"))


def test_hierarchy_is_that_of_ray():
    assert issubclass(exceptions.ActorDiedError, exceptions.RayActorError)
    assert issubclass(exceptions.GetTimeoutError, (RayError, TimeoutError))
    assert issubclass(exceptions.ObjectReconstructionFailedError, exceptions.ObjectLostError)
    for name in (
        "WorkerCrashedError",
        "ObjectStoreFullError",
        "OutOfMemoryError",
        "TaskCancelledError",
        "NodeDiedError",
    ):
        assert issubclass(getattr(exceptions, name), RayError)
    from headrace.data.exceptions import ExecutionTimeoutError, SystemException

    assert ExecutionTimeoutError is exceptions.ExecutionTimeoutError
    assert SystemException is exceptions.SystemException


def test_an_error_of_a_function_is_of_three_kinds():
    error = _reported(ValueError("no good"))
    assert isinstance(error, ValueError)
    assert isinstance(error, RayTaskError)
    assert isinstance(error, UserCodeException)
    assert error.args == ("no good",)
    assert error.function_name == "Map(f)"
    assert isinstance(error.cause, ValueError)


def test_text_is_the_own_traceback_and_then_the_operator():
    lines = str(_reported(KeyError("x"))).splitlines()
    assert lines[0] == "Traceback ..."
    assert lines[2] == "KeyError: 'x'"
    assert lines[-1] == "Raised by the function of operator Map(f)."


def test_the_same_class_of_error_gives_the_same_class():
    assert type(_reported(ValueError("a"))) is type(_reported(ValueError("b")))


def test_fields_of_the_error_survive():
    error = _reported(FileNotFoundError(2, "missing", "a.txt"))
    assert (error.errno, error.filename) == (2, "a.txt")
    assert _reported(Odd(7, "why")).code == 7


@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration, GeneratorExit, SystemExit, KeyboardInterrupt])
def test_control_flow_is_reported_as_an_error(kind):
    error = _reported(kind("stop"))
    assert isinstance(error, UserCodeException)
    assert not isinstance(error, kind)
    assert isinstance(error.cause, kind)


def test_errors_of_ray_itself_keep_their_class():
    for kind in (exceptions.WorkerCrashedError, RayTaskError, UserCodeException, RayError):
        assert isinstance(_reported(kind("again")), (kind, RayTaskError))


def test_a_group_of_errors_keeps_its_members():
    group = pytest.importorskip("builtins").ExceptionGroup("several", [ValueError("a")])
    error = _reported(group)
    assert isinstance(error, ExceptionGroup)  # noqa: F821
    assert [str(member) for member in error.exceptions] == ["a"]


@pytest.mark.parametrize("payload", [b"", b"not a pickle"])
def test_an_unreadable_payload_still_gives_the_message(payload):
    error = _from_user_code(payload, "f failed", "Map(f)")
    assert isinstance(error, UserCodeException)
    assert "f failed" in str(error) and "Map(f)" in str(error)


def test_an_error_that_could_not_be_pickled_keeps_name_and_text():
    error = _from_user_code(pickle.dumps((None, "Broken", "why", "")), "m", "")
    assert str(error) == "Broken: why"


def test_errors_can_be_pickled_again():
    error = pickle.loads(pickle.dumps(_reported(ValueError("no good"))))
    assert isinstance(error, ValueError) and "Map(f)" in str(error)
