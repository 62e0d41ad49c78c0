// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_udf_host.h"

#include <utility>

#include "bindings/numpy_api.h"
#include "bindings/python_columns.h"
#include "bindings/python_rows.h"
#include "bindings/raise.h"

namespace headrace::bindings {
namespace {

using worker::BlockSink;
using worker::PythonUdf;
using worker::Step;
using worker::StepContext;
using worker::UdfMode;

/// Functions kept loaded. More than a plan has; a driver that runs many plans inline forgets all.
constexpr size_t kMaxLoadedFunctions = 64;

nb::module_ UdfModule() { return nb::module_::import_("headrace._worker.udf"); }

/// Whether the memory of `array` may change after the function has returned it: somebody else holds
/// the array (or the dict it is in), or the array that it is a view of.
bool MayChange(PyObject* array, bool dict_is_kept) {
  if (!PyArray_ISWRITEABLE(reinterpret_cast<PyArrayObject*>(array))) return false;
  if (dict_is_kept) return true;
  for (PyObject* base = array; base != nullptr && IsNdarray(base);
       base = PyArray_BASE(reinterpret_cast<PyArrayObject*>(base))) {
    if (Py_REFCNT(base) > 1) return true;
  }
  return false;
}

/// Block of a returned dict. Arrays are shared with the block, unless the function kept them.
Block BlockFromDict(PyObject* batch) {
  const bool dict_is_kept = Py_REFCNT(batch) > 1;
  nb::object copied;
  PyObject* name = nullptr;
  PyObject* values = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(batch, &position, &name, &values)) {
    if (!IsNdarray(values) || !MayChange(values, dict_is_kept)) continue;
    if (!copied) copied = Steal(PyDict_Copy(batch));
    const nb::object copy =
        Steal(PyArray_NewCopy(reinterpret_cast<PyArrayObject*>(values), NPY_CORDER));
    CheckCode(PyDict_SetItem(copied.ptr(), name, copy.ptr()));
  }
  return FromNumpy(copied ? copied : nb::borrow(batch));
}

Status Emit(Block block, BlockSink& out) {
  nb::gil_scoped_release release;
  return out.Put(std::move(block));
}

/// A loaded function, applied to one block after the other.
class UdfStep : public Step {
 public:
  explicit UdfStep(nb::object udf)
      : udf_(std::move(udf)), call_(udf_.attr("fn"), udf_.attr("args"), udf_.attr("kwargs")) {
    nb::object runner = udf_.attr("new_runner")();
    if (!runner.is_none()) runner_ = std::move(runner);
  }

  Status Process(Block block, BlockSink& out) final {
    // The function sees rows only; what columns it would make of none, nobody knows.
    if (block.num_rows() == 0) return out.Put(keeps_columns() ? std::move(block) : Block());
    return WithGil(udf_, [&] { return Apply(std::move(block), out); });
  }

  Status Finish(BlockSink& out) override { return Status::OK(); }

 protected:
  virtual Status Apply(Block block, BlockSink& out) = 0;
  /// True when the output has the columns of the input.
  virtual bool keeps_columns() const { return false; }

  nb::object udf_;     // LoadedUdf
  BoundCall call_;     // of a function that is not async
  nb::object runner_;  // AsyncRunner, or null
};

class MapBatchesStep final : public UdfStep {
 public:
  explicit MapBatchesStep(nb::object udf) : UdfStep(std::move(udf)) {
    copy_ = !nb::cast<bool>(udf_.attr("zero_copy"));
    as_numpy_ = nb::cast<bool>(udf_.attr("takes_numpy"));
  }

  /// Batches of an async function may still be on their way.
  Status Finish(BlockSink& out) override {
    if (!runner_.is_valid()) return Status::OK();
    return WithGil(udf_, [&] { return EmitAll(runner_.attr("drain")(), out); });
  }

 private:
  Status Apply(Block block, BlockSink& out) override {
    nb::object batch = ToBatch(std::move(block));
    if (runner_.is_valid()) return EmitAll(runner_.attr("submit")(batch), out);
    nb::object result = call_(batch.ptr());
    batch.reset();
    if (PyGen_Check(result.ptr())) return EmitAll(result, out);
    return EmitOne(std::move(result), out);
  }

  nb::object ToBatch(Block block) {
    if (as_numpy_) return ToNumpy(block, copy_);
    return udf_.attr("to_batch")(nb::cast(std::move(block)));
  }

  Status EmitOne(nb::object result, BlockSink& out) {
    Block block;
    if (PyDict_Check(result.ptr())) {
      block = BlockFromDict(result.ptr());
    } else {
      block = nb::cast<Block>(UdfModule().attr("output_to_block")(result));
    }
    result.reset();
    return Emit(std::move(block), out);
  }

  /// One item at a time, so that a generator makes the next one only when this one has travelled
  /// on.
  Status EmitAll(nb::handle results, BlockSink& out) {
    const nb::object iterator = Steal(PyObject_GetIter(results.ptr()));
    while (PyObject* item = PyIter_Next(iterator.ptr())) {
      ARROW_RETURN_NOT_OK(EmitOne(nb::steal(item), out));
    }
    if (PyErr_Occurred()) throw nb::python_error();
    return Status::OK();
  }

  bool copy_ = false;
  bool as_numpy_ = true;
};

class RowsStep final : public UdfStep {
 public:
  RowsStep(nb::object udf, UdfMode mode) : UdfStep(std::move(udf)), mode_(mode) {}

 private:
  Status Apply(Block block, BlockSink& out) override {
    Block made = Run(block);
    block = Block();  // while `made` is worked on, nobody needs it
    return Emit(std::move(made), out);
  }
  bool keeps_columns() const override { return mode_ == UdfMode::kFilterRows; }

  Block Run(const Block& block) {
    if (runner_.is_valid()) return RunAsync(block);
    switch (mode_) {
      case UdfMode::kFlatMap:
        return FlatMapRows(block, call_);
      case UdfMode::kFilterRows:
        return FilterRows(block, call_);
      default:
        return MapRows(block, call_);
    }
  }

  Block RunAsync(const Block& block) {
    nb::object results = runner_.attr("map_rows")(ToRows(block));
    if (mode_ == UdfMode::kFilterRows) return FilterByValues(block, results);
    return FromRows(mode_ == UdfMode::kFlatMap ? UdfModule().attr("chain")(results) : results);
  }

  UdfMode mode_;
};

/// A step whose Python objects go with the GIL held, whichever thread drops it.
class StepHolder final : public Step {
 public:
  explicit StepHolder(std::unique_ptr<Step> step) : step_(std::move(step)) {}
  ~StepHolder() override {
    if (!InterpreterIsAlive()) {
      static_cast<void>(step_.release());  // at exit everything goes with the process
      return;
    }
    nb::gil_scoped_acquire acquire;
    step_.reset();
  }
  Status Process(Block block, BlockSink& out) override {
    return step_->Process(std::move(block), out);
  }
  Status Finish(BlockSink& out) override { return step_->Finish(out); }

 private:
  std::unique_ptr<Step> step_;
};

}  // namespace

Status StatusFromUserError(nb::python_error& error, nb::handle udf) {
  const nb::object exception = nb::borrow(error.value());
  std::string message = "an exception of the user's function";
  std::string payload;
  try {
    const nb::object described = UdfModule().attr("describe_error")(
        exception, udf.is_valid() ? nb::borrow(udf) : nb::object(nb::none()));
    const nb::object bytes = described[0];
    payload.assign(PyBytes_AS_STRING(bytes.ptr()), PyBytes_GET_SIZE(bytes.ptr()));
    message = Utf8View(nb::object(described[1]).ptr());
  } catch (nb::python_error&) {
    // Not even the description works (a broken __str__): the type has to do.
    message = Py_TYPE(exception.ptr())->tp_name;
  }
  return MakeError(arrow::StatusCode::UnknownError, ErrorKind::kUserCode, std::move(message),
                   std::move(payload));
}

nb::object PythonUdfHost::Load(const PythonUdf& udf) {
  if (auto known = functions_.find(udf.pickled); known != functions_.end()) return known->second;
  nb::object loaded =
      UdfModule().attr("load_udf")(nb::bytes(udf.pickled.data(), udf.pickled.size()));
  if (!udf.is_class) {
    if (functions_.size() >= kMaxLoadedFunctions) functions_.clear();
    functions_.emplace(udf.pickled, loaded);
  }
  return loaded;
}

Result<std::unique_ptr<Step>> PythonUdfHost::MakeStep(const PythonUdf& udf,
                                                      const StepContext& context) {
  std::unique_ptr<Step> step;
  ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
    nb::object loaded = Load(udf);
    if (udf.mode == UdfMode::kMapBatches) {
      step = std::make_unique<MapBatchesStep>(std::move(loaded));
    } else {
      step = std::make_unique<RowsStep>(std::move(loaded), udf.mode);
    }
    return Status::OK();
  }));
  return std::make_unique<StepHolder>(std::move(step));
}

PythonUdfHost& ThePythonUdfHost() {
  static auto* host = new PythonUdfHost();  // never destroyed: it holds Python objects
  return *host;
}

}  // namespace headrace::bindings
