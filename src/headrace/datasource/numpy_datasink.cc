// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/extension_type.h>
#include <arrow/io/interfaces.h>

#include <functional>
#include <numeric>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

/// Gathers the blocks of one file: the header needs the number of rows.
class NpyEncoder final : public FileEncoder {
 public:
  NpyEncoder(std::shared_ptr<arrow::io::OutputStream> stream, std::string column)
      : stream_(std::move(stream)), column_(std::move(column)) {}

  Status Write(const Block& block) override {
    const auto column = block.batch()->GetColumnByName(column_);
    if (column == nullptr) {
      return Status::KeyError("no column '", column_, "' to write; there are: ",
                              block.schema()->ToString(/*show_metadata=*/false));
    }
    if (column->null_count() > 0) {
      return Status::Invalid("column '", column_, "' has nulls, which npy files cannot hold");
    }
    if (!parts_.empty() && !parts_.front()->type()->Equals(*column->type())) {
      return Status::TypeError("column '", column_, "' is ", parts_.front()->type()->ToString(),
                               " in one block and ", column->type()->ToString(), " in another");
    }
    parts_.push_back(column);
    return Status::OK();
  }

  Status Finish() override {
    const arrow::DataType& type = *parts_.front()->type();
    const bool is_tensor = IsFixedShapeTensor(type);
    std::vector<int64_t> shape = is_tensor ? TensorShape(type) : std::vector<int64_t>{};
    const int64_t row_elements =
        std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    int64_t rows = 0;
    for (const auto& part : parts_) rows += part->length();
    shape.insert(shape.begin(), rows);
    const auto value = is_tensor ? TensorValueType(type) : parts_.front()->type();
    auto header = FormatNpyHeader(*value, shape);
    if (!header.ok()) return WithPrefix(header.status(), "column '" + column_ + "': ");
    ARROW_RETURN_NOT_OK(stream_->Write(*header));
    for (const auto& part : parts_) {
      std::shared_ptr<arrow::Array> values = part;
      if (is_tensor) {
        const auto& storage = static_cast<const arrow::FixedSizeListArray&>(
            *static_cast<const arrow::ExtensionArray&>(*part).storage());
        values = storage.values()->Slice(storage.value_offset(0), storage.length() * row_elements);
      }
      ARROW_RETURN_NOT_OK(WriteValues(*values));
    }
    return Status::OK();
  }

 private:
  Status WriteValues(const arrow::Array& values) {
    if (values.type_id() == arrow::Type::BOOL) {
      const auto& booleans = static_cast<const arrow::BooleanArray&>(values);
      std::string bytes(values.length(), '\0');
      for (int64_t i = 0; i < values.length(); ++i) bytes[i] = booleans.Value(i) ? 1 : 0;
      return stream_->Write(bytes);
    }
    const int64_t width = values.type()->byte_width();
    if (values.length() == 0) return Status::OK();
    return stream_->Write(values.data()->buffers[1]->data() + values.offset() * width,
                          values.length() * width);
  }

  std::shared_ptr<arrow::io::OutputStream> stream_;
  const std::string column_;
  arrow::ArrayVector parts_;
};

class NumpyDatasink final : public FileDatasink {
 public:
  NumpyDatasink(FileWriteOptions options, std::string column)
      : FileDatasink(std::move(options)), column_(std::move(column)) {}

  std::string_view kind() const override { return "numpy"; }
  std::string name() const override { return "WriteNumpy"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    return MakeFileWriter(options(), info, "npy",
                          [column = column_](std::shared_ptr<arrow::io::OutputStream> stream,
                                             const Block&) -> Result<std::unique_ptr<FileEncoder>> {
                            return std::make_unique<NpyEncoder>(std::move(stream), column);
                          });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Str(column_);
    return out.Take();
  }

 private:
  const std::string column_;
};

}  // namespace

Result<DatasinkPtr> MakeNumpyDatasink(FileWriteOptions options, std::string column) {
  return std::make_shared<NumpyDatasink>(std::move(options), std::move(column));
}

Result<DatasinkPtr> DeserializeNumpyDatasink(std::string_view bytes) {
  WireReader in(bytes);
  auto options = FileWriteOptions::ReadFrom(&in);
  std::string column = in.Str();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeNumpyDatasink(std::move(options), std::move(column));
}

}  // namespace headrace::datasource
