// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python_object.h"
#include "headrace/block.h"

namespace headrace::bindings {

/// Rows of `block` as a list of new dicts: Python scalars, None, lists, dicts, ndarrays for
/// tensors.
nb::object ToRows(const Block& block);

/// Block of a sequence (or any iterable) of row mappings; see RowCollector.
Block FromRows(nb::handle rows);

/// A Python function with arguments that follow the row or batch.
class BoundCall {
 public:
  /// `args`: sequence or None, `kwargs`: dict or None.
  BoundCall(nb::handle function, nb::handle args, nb::handle kwargs);
  /// function(first, *args, **kwargs)
  nb::object operator()(PyObject* first);

 private:
  nb::object function_;
  std::vector<nb::object> owned_;
  std::vector<PyObject*> arguments_;  // [0]: free for the callee, [1]: `first`
  size_t num_positional_ = 1;
  nb::object keyword_names_;  // tuple, or null without keywords
};

/// Block of what `call` returns for each row. ValueError unless that is a mapping.
Block MapRows(const Block& block, BoundCall& call);
/// Rows for which `call` is true; the block itself when all are.
Block FilterRows(const Block& block, BoundCall& call);
/// Rows whose element of the sequence `values` is true; the block itself when all are.
Block FilterByValues(const Block& block, nb::handle values);
/// Block of all mappings in the iterables that `call` returns.
Block FlatMapRows(const Block& block, BoundCall& call);

}  // namespace headrace::bindings
