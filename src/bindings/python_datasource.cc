// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_datasource.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bindings/arrow_capsule.h"
#include "bindings/python_held.h"
#include "bindings/python_udf_host.h"
#include "headrace/base/wire.h"

namespace headrace::bindings {
namespace {

using OptionalCount = std::optional<int64_t>;

/// An iterator of blocks in this process. Its end closes a generator that has more to give.
class PythonReader final : public BlockReader {
 public:
  explicit PythonReader(nb::object blocks) : blocks_(std::move(blocks)) {}

  Result<std::optional<Block>> Next() override {
    std::optional<Block> block;
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      PyObject* item = PyIter_Next(blocks_.get().ptr());
      if (item == nullptr) {
        if (PyErr_Occurred()) throw nb::python_error();
        return Status::OK();
      }
      block = nb::cast<Block>(nb::steal(item));
      return Status::OK();
    }));
    return block;
  }

 private:
  const HeldObject blocks_;
};

Result<std::unique_ptr<BlockReader>> OpenTask(const ReadTask& task) {
  std::unique_ptr<BlockReader> reader;
  ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
    nb::object blocks = nb::module_::import_("headrace._worker.read")
                            .attr("open_task")(nb::bytes(task.payload.data(), task.payload.size()));
    reader = std::make_unique<PythonReader>(std::move(blocks));
    return Status::OK();
  }));
  return reader;
}

/// As many tasks as keep all slots busy, or as make blocks of the size asked for.
int64_t NumTasks(const ReadParallelism& parallelism, OptionalCount size_bytes) {
  if (parallelism.override_num_blocks) return *parallelism.override_num_blocks;
  int64_t num_tasks = 2 * std::max(1, parallelism.num_cpus);
  if (!size_bytes) return std::max(num_tasks, parallelism.min_num_blocks);
  if (parallelism.target_max_block_size > 0) {
    num_tasks = std::max(num_tasks, *size_bytes / parallelism.target_max_block_size + 1);
  }
  if (parallelism.target_min_block_size > 0) {
    num_tasks = std::max(num_tasks, std::min(parallelism.min_num_blocks,
                                             *size_bytes / parallelism.target_min_block_size));
  }
  return num_tasks;
}

/// In a worker: opens tasks and knows nothing else.
class PythonTasks : public Datasource {
 public:
  explicit PythonTasks(std::string name) : name_(std::move(name)) {}
  std::string_view kind() const final { return kPythonKind; }
  std::string name() const final { return name_; }
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism&) const override {
    return Status::Invalid(name_, " is planned by the process that made it");
  }
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task, const ReadOptions&) const final {
    return OpenTask(task);
  }
  bool needs_python() const final { return true; }
  bool sizes_blocks() const final { return false; }
  Result<std::string> Serialize() const final { return name_; }

 private:
  const std::string name_;
};

/// In the driver: asks the Python object.
class PythonDatasource final : public PythonTasks {
 public:
  PythonDatasource(std::string name, nb::object source)
      : PythonTasks(std::move(name)), source_(std::move(source)) {}

  Result<std::shared_ptr<arrow::Schema>> Schema() const override {
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      const nb::object found = source_.get().attr("schema")();
      if (!found.is_none()) schema = SchemaFromArrow(found);
      return Status::OK();
    }));
    return schema;
  }
  std::vector<std::string> InputFiles() const override {
    // Only a report: a source that fails here fails when it is read, too.
    return Ask<std::vector<std::string>>("input_files").ValueOr({});
  }
  Result<OptionalCount> CountRows() const override { return Ask<OptionalCount>("num_rows"); }
  Result<OptionalCount> EstimateBytes() const override { return Ask<OptionalCount>("size_bytes"); }

  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const override {
    ARROW_ASSIGN_OR_RAISE(const OptionalCount size_bytes, EstimateBytes());
    std::vector<ReadTask> tasks;
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      const nb::object planned = source_.get().attr("tasks")(NumTasks(parallelism, size_bytes));
      for (const nb::handle entry : planned) {
        const auto pickled = nb::cast<nb::bytes>(entry[0]);
        ReadTask task;
        task.payload.assign(pickled.c_str(), pickled.size());
        task.num_rows = nb::cast<OptionalCount>(entry[1]).value_or(-1);
        task.size_bytes = nb::cast<OptionalCount>(entry[2]).value_or(-1);
        tasks.push_back(std::move(task));
      }
      return Status::OK();
    }));
    return tasks;
  }

  DatasourcePtr WithColumns(const std::vector<std::string>& columns) const override {
    DatasourcePtr fewer;
    const Status asked = WithGil(nb::handle(), [&] {
      nb::object found = source_.get().attr("with_columns")(columns);
      if (!found.is_none()) fewer = MakePythonDatasource(std::move(found));
      return Status::OK();
    });
    IgnoreStatus(asked, "all columns are read, and the others dropped");
    return fewer;
  }

 private:
  template <typename T>
  Result<T> Ask(const char* question) const {
    T answer{};
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      answer = nb::cast<T>(source_.get().attr(question)());
      return Status::OK();
    }));
    return answer;
  }

  const HeldObject source_;
};

}  // namespace

DatasourcePtr MakePythonDatasource(nb::object source) {
  auto name = nb::cast<std::string>(source.attr("name"));
  return std::make_shared<PythonDatasource>(std::move(name), std::move(source));
}

Result<DatasourcePtr> DeserializePythonDatasource(std::string_view bytes) {
  return std::make_shared<PythonTasks>(std::string(bytes));
}

}  // namespace headrace::bindings
