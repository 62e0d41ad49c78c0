// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_rows.h"

#include <arrow/buffer_builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>

#include <algorithm>
#include <utility>

#include "bindings/dict_reader.h"
#include "bindings/raise.h"
#include "bindings/row_collector.h"

namespace headrace::bindings {
namespace {

/// Rows made at a time: few enough to stay in the cache until the function has seen them.
constexpr int64_t kChunkRows = 256;

DictReader RowReader(const Block& block) {
  std::vector<std::string> names = block.schema()->field_names();
  return DictReader(names, block.batch()->columns(), ListCells::kLists);
}

/// Calls `visit(row)` with a new dict for each row, which is the visitor's.
template <typename Visit>
void ForEachRow(const Block& block, Visit visit) {
  DictReader reader = RowReader(block);
  for (int64_t offset = 0; offset < block.num_rows(); offset += kChunkRows) {
    const int64_t length = std::min(kChunkRows, block.num_rows() - offset);
    ObjectSlots rows(length);
    reader.Read(offset, length, rows.data());
    for (int64_t i = 0; i < length; ++i) {
      visit(nb::steal(std::exchange(rows[i], nullptr)));
    }
  }
}

[[noreturn]] void RaiseNotMapping(PyObject* item) {
  nb::object text = Steal(PyObject_Str(item));
  if (PyUnicode_GetLength(text.ptr()) > 200) {
    text =
        Steal(PyUnicode_FromFormat("%U...", Steal(PyUnicode_Substring(text.ptr(), 0, 200)).ptr()));
  }
  PyErr_Format(PyExc_ValueError,
               "Error validating %U: Standalone Python objects are not allowed in Ray >= 2.5. To "
               "return Python objects from map(), wrap them in a dict, e.g., return "
               "`{'item': item}` instead of just `item`.",
               text.ptr());
  throw nb::python_error();
}

bool IsMapping(PyObject* object) {
  // No local static object: its guard would be held while the import gives up the GIL.
  static PyObject* mapping = nullptr;
  if (mapping == nullptr) {
    mapping = nb::object(nb::module_::import_("collections.abc").attr("Mapping")).release().ptr();
  }
  const int is_mapping = PyObject_IsInstance(object, mapping);
  CheckCode(is_mapping);
  return is_mapping == 1;
}

void AppendRow(RowCollector* collector, PyObject* row) {
  if (PyDict_Check(row)) return collector->Append(row);
  if (!IsMapping(row)) RaiseNotMapping(row);
  const nb::object dict = Steal(PyDict_New());
  CheckCode(PyDict_Update(dict.ptr(), row));
  collector->Append(dict.ptr());
}

/// Calls `visit(item)` for each item of an iterable.
template <typename Visit>
void ForEachItem(nb::handle iterable, Visit visit) {
  const nb::object iterator = Steal(PyObject_GetIter(iterable.ptr()));
  while (PyObject* item = PyIter_Next(iterator.ptr())) visit(nb::steal(item).ptr());
  if (PyErr_Occurred()) throw nb::python_error();
}

/// Which rows to keep.
class RowMask {
 public:
  explicit RowMask(int64_t num_rows) { RaiseIfError(bits_.Reserve(num_rows)); }

  /// Keeps the next row if `value` is true.
  void Append(PyObject* value) {
    const int is_true = PyObject_IsTrue(value);
    CheckCode(is_true);
    bits_.UnsafeAppend(is_true == 1);
    kept_ += is_true;
  }

  Block Apply(const Block& block) {
    if (kept_ == block.num_rows()) return block;
    if (kept_ == 0) return block.Slice(0, 0);
    const auto mask =
        std::make_shared<arrow::BooleanArray>(block.num_rows(), ValueOrRaise(bits_.Finish()));
    return Block(ValueOrRaise(arrow::compute::Filter(block.batch(), mask)).record_batch());
  }

 private:
  arrow::TypedBufferBuilder<bool> bits_;
  int64_t kept_ = 0;
};

}  // namespace

nb::object ToRows(const Block& block) {
  nb::object rows = Steal(PyList_New(block.num_rows()));
  if (block.num_rows() > 0) {
    RowReader(block).Read(0, block.num_rows(),
                          reinterpret_cast<PyListObject*>(rows.ptr())->ob_item);
  }
  return rows;
}

Block FromRows(nb::handle rows) {
  RowCollector collector;
  ForEachItem(rows, [&](PyObject* row) { AppendRow(&collector, row); });
  return collector.Finish();
}

BoundCall::BoundCall(nb::handle function, nb::handle args, nb::handle kwargs)
    : function_(nb::borrow(function)) {
  arguments_ = {nullptr, nullptr};
  if (args.is_valid() && !args.is_none()) {
    for (nb::handle argument : args) owned_.push_back(nb::borrow(argument));
  }
  num_positional_ = 1 + owned_.size();
  if (kwargs.is_valid() && !kwargs.is_none() && PyDict_Size(kwargs.ptr()) > 0) {
    const nb::object keys = Steal(PyDict_Keys(kwargs.ptr()));
    keyword_names_ = Steal(PyList_AsTuple(keys.ptr()));
    for (nb::handle key : keys)
      owned_.push_back(nb::borrow(PyDict_GetItem(kwargs.ptr(), key.ptr())));
  }
  for (const nb::object& argument : owned_) arguments_.push_back(argument.ptr());
}

nb::object BoundCall::operator()(PyObject* first) {
  arguments_[1] = first;
  return Steal(PyObject_Vectorcall(function_.ptr(), arguments_.data() + 1,
                                   num_positional_ | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                   keyword_names_.ptr()));
}

Block MapRows(const Block& block, BoundCall& call) {
  RowCollector collector;
  ForEachRow(block, [&](nb::object row) {
    const nb::object made = call(row.ptr());
    row.reset();  // before a copy of what was made is added to the column
    AppendRow(&collector, made.ptr());
  });
  return collector.Finish();
}

Block FlatMapRows(const Block& block, BoundCall& call) {
  RowCollector collector;
  ForEachRow(block, [&](nb::object row) {
    ForEachItem(call(row.ptr()), [&](PyObject* item) { AppendRow(&collector, item); });
  });
  return collector.Finish();
}

Block FilterRows(const Block& block, BoundCall& call) {
  RowMask mask(block.num_rows());
  ForEachRow(block, [&](nb::object row) { mask.Append(call(row.ptr()).ptr()); });
  return mask.Apply(block);
}

Block FilterByValues(const Block& block, nb::handle values) {
  RowMask mask(block.num_rows());
  ForEachItem(values, [&](PyObject* value) { mask.Append(value); });
  return mask.Apply(block);
}

}  // namespace headrace::bindings
