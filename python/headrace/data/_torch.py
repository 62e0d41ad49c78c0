# SPDX-License-Identifier: Apache-2.0
"""Batches as torch tensors."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import numpy
    import torch

    from headrace import _core

# numpy types that torch computes with in another type.
_WIDENED = {"uint16": "int32", "uint32": "int64", "uint64": "int64"}


def tensor_converter(
    dtypes: torch.dtype | Mapping[str, torch.dtype] | None, device: str | torch.device | None, pin_memory: bool
) -> Callable[[_core.Block], dict[str, torch.Tensor]]:
    """A function that turns blocks into dicts of tensors on ``device``."""
    target = resolve_device(device)

    def convert(block: _core.Block) -> dict[str, torch.Tensor]:
        arrays = block.take_numpy()
        return {
            name: _tensor(name, array, _dtype_of(dtypes, name), target, pin_memory) for name, array in arrays.items()
        }

    return convert


def resolve_device(device: str | torch.device | None) -> torch.device:
    """``device`` as torch knows it; None and "auto" are the CPU."""
    import torch

    return torch.device("cpu" if device in (None, "auto") else device)


def move(batch: Any, device: torch.device, pin_memory: bool) -> Any:
    """Tensors anywhere inside dicts, lists and tuples of ``batch``, moved to ``device``."""
    import torch

    if isinstance(batch, torch.Tensor):
        if pin_memory and batch.device.type == "cpu" and torch.cuda.is_available():
            batch = batch.pin_memory()
        return batch if batch.device == device else batch.to(device, non_blocking=pin_memory)
    if isinstance(batch, dict):
        return {name: move(value, device, pin_memory) for name, value in batch.items()}
    if isinstance(batch, (list, tuple)) and not hasattr(batch, "_fields"):
        return type(batch)(move(value, device, pin_memory) for value in batch)
    return batch


def _dtype_of(dtypes: Any, name: str) -> torch.dtype | None:
    if dtypes is None:
        return None
    if hasattr(dtypes, "get"):
        found: torch.dtype | None = dtypes.get(name)
        return found
    given: torch.dtype = dtypes
    return given


def _tensor(
    name: str, array: numpy.ndarray[Any, Any], dtype: torch.dtype | None, device: torch.device, pin_memory: bool
) -> torch.Tensor:
    import torch

    array = _numeric(name, array)
    if str(array.dtype) in _WIDENED:
        array = array.astype(_WIDENED[str(array.dtype)])
    elif not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()  # a view of the block must not change when the user changes the tensor
    tensor = torch.from_numpy(array)
    if dtype is not None and tensor.dtype != dtype:
        tensor = tensor.to(dtype)
    moved: torch.Tensor = move(tensor, device, pin_memory)
    return moved


def _numeric(name: str, array: numpy.ndarray[Any, Any]) -> numpy.ndarray[Any, Any]:
    """``array`` with a type that torch has.

    Raises:
        TypeError: Strings, times or Python objects.
        RuntimeError: Rows of different shapes.
    """
    import numpy as np

    if array.dtype.kind in "biufc":
        return array
    if array.dtype.kind == "O" and len(array):
        first = next((value for value in array if value is not None), None)
        if isinstance(first, np.ndarray) and first.dtype.kind in "biufc":
            if len({getattr(value, "shape", None) for value in array}) > 1:
                raise RuntimeError(
                    f"Column {name!r} holds arrays of different shapes, which do not make one tensor. Pass a "
                    "`collate_fn` to iter_torch_batches that pads or stacks them."
                )
            return np.stack(list(array))
        if isinstance(first, (bool, np.bool_)):
            raise TypeError(f"Column {name!r} holds booleans and nulls, which torch cannot; fill the nulls first.")
    raise TypeError(
        f"Column {name!r} of type {array.dtype} cannot become a torch tensor. Leave it out with drop_columns or "
        "select_columns, or pass a `collate_fn` to iter_torch_batches."
    )
