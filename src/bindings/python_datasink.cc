// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_datasink.h"

#include <memory>
#include <utility>

#include "bindings/python_datasource.h"
#include "bindings/python_held.h"
#include "bindings/python_udf_host.h"
#include "headrace/base/wire.h"

namespace headrace::bindings {
namespace {

/// A headrace._worker.write.SinkWriter.
class PythonWriter final : public BlockWriter {
 public:
  explicit PythonWriter(nb::object writer) : writer_(std::move(writer)) {}
  ~PythonWriter() override {
    if (finished_ || !InterpreterIsAlive()) return;
    const Status aborted = WithGil(nb::handle(), [&] {
      writer_.get().attr("abort")();
      return Status::OK();
    });
    IgnoreStatus(aborted, "the task has failed already");
  }

  Status Write(const Block& block) override {
    return WithGil(nb::handle(), [&] {
      writer_.get().attr("put")(nb::cast(block));
      return Status::OK();
    });
  }

  Result<std::string> Finish() override {
    std::string result;
    finished_ = true;
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      const auto pickled = nb::cast<nb::bytes>(writer_.get().attr("finish")());
      result.assign(pickled.c_str(), pickled.size());
      return Status::OK();
    }));
    return result;
  }

 private:
  const HeldObject writer_;
  bool finished_ = false;
};

class PythonDatasink final : public Datasink {
 public:
  PythonDatasink(std::string name, std::string pickled, int64_t min_rows_per_write)
      : name_(std::move(name)),
        pickled_(std::move(pickled)),
        min_rows_per_write_(min_rows_per_write) {}

  std::string_view kind() const override { return kPythonKind; }
  std::string name() const override { return name_; }
  Result<bool> Prepare() const override { return true; }
  Status Commit(const std::vector<std::string>&) const override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) const override {}
  int64_t min_rows_per_task() const override { return min_rows_per_write_; }
  bool needs_python() const override { return true; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    std::unique_ptr<BlockWriter> writer;
    ARROW_RETURN_NOT_OK(WithGil(nb::handle(), [&] {
      nb::object made =
          nb::module_::import_("headrace._worker.write")
              .attr("SinkWriter")(nb::bytes(pickled_.data(), pickled_.size()), info.task_index,
                                  NewString(name_), NewString(info.write_id));
      writer = std::make_unique<PythonWriter>(std::move(made));
      return Status::OK();
    }));
    return writer;
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    out.Str(name_);
    out.Str(pickled_);
    out.I64(min_rows_per_write_);
    return out.Take();
  }

 private:
  const std::string name_;
  const std::string pickled_;
  const int64_t min_rows_per_write_;
};

}  // namespace

DatasinkPtr MakePythonDatasink(std::string name, std::string pickled, int64_t min_rows_per_write) {
  return std::make_shared<PythonDatasink>(std::move(name), std::move(pickled), min_rows_per_write);
}

Result<DatasinkPtr> DeserializePythonDatasink(std::string_view bytes) {
  WireReader in(bytes);
  std::string name = in.Str();
  std::string pickled = in.Str();
  const int64_t min_rows_per_write = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakePythonDatasink(std::move(name), std::move(pickled), min_rows_per_write);
}

}  // namespace headrace::bindings
