// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/extension_type.h>
#include <arrow/io/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/overflow_file.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

// Of a file that cannot be written out of order: what waits in memory for its header.
constexpr int64_t kHeldBytes = 8 << 20;

/// The values of one file, and before them a header with the number of rows, which nobody knows
/// before the last one. In a local file its place is filled at the end; elsewhere the values wait.
class NpyEncoder final : public FileEncoder {
 public:
  NpyEncoder(std::shared_ptr<arrow::io::OutputStream> stream, std::string column)
      : stream_(std::move(stream)),
        local_(dynamic_cast<arrow::io::FileOutputStream*>(stream_.get())),
        column_(std::move(column)),
        waiting_(kHeldBytes) {}

  Status Write(const Block& block) override {
    const auto column = block.batch()->GetColumnByName(column_);
    if (column == nullptr) {
      return Status::KeyError("no column '", column_, "' to write; there are: ",
                              block.schema()->ToString(/*show_metadata=*/false));
    }
    if (column->null_count() > 0) {
      return Status::Invalid("column '", column_, "' has nulls, which npy files cannot hold");
    }
    if (type_ == nullptr) {
      ARROW_RETURN_NOT_OK(Begin(column->type()));
    } else if (!type_->Equals(*column->type())) {
      return Status::TypeError("column '", column_, "' is ", type_->ToString(),
                               " in one block and ", column->type()->ToString(), " in another");
    }
    rows_ += column->length();
    if (!IsFixedShapeTensor(*type_)) return WriteValues(*column);
    const auto& storage = static_cast<const arrow::FixedSizeListArray&>(
        *static_cast<const arrow::ExtensionArray&>(*column).storage());
    return WriteValues(*storage.values()->Slice(storage.value_offset(0),
                                                storage.length() * storage.value_length(0)));
  }

  Status Finish() override {
    ARROW_ASSIGN_OR_RAISE(const std::string header, Header());
    if (local_ == nullptr) {
      ARROW_RETURN_NOT_OK(stream_->Write(header));
      return waiting_.CopyTo(stream_.get());
    }
    const auto size = static_cast<ssize_t>(header.size());
    if (pwrite(local_->file_descriptor(), header.data(), header.size(), 0) != size) {
      return Status::IOError("writing the header of an npy file failed: ", std::strerror(errno));
    }
    return Status::OK();
  }

 private:
  Status Begin(const std::shared_ptr<arrow::DataType>& type) {
    type_ = type;
    // As long as the last one will be; and types without an npy form fail here.
    ARROW_ASSIGN_OR_RAISE(const std::string header, Header());
    return local_ == nullptr ? Status::OK() : stream_->Write(header);
  }

  Result<std::string> Header() const {
    const bool is_tensor = IsFixedShapeTensor(*type_);
    std::vector<int64_t> shape = is_tensor ? TensorShape(*type_) : std::vector<int64_t>{};
    shape.insert(shape.begin(), rows_);
    auto header = FormatNpyHeader(is_tensor ? *TensorValueType(*type_) : *type_, shape);
    return header.ok() ? header : WithPrefix(header.status(), "column '" + column_ + "': ");
  }

  Status WriteValues(const arrow::Array& values) {
    if (values.length() == 0) return Status::OK();
    if (values.type_id() == arrow::Type::BOOL) {
      const auto& booleans = static_cast<const arrow::BooleanArray&>(values);
      std::string bytes(values.length(), '\0');
      for (int64_t i = 0; i < values.length(); ++i) bytes[i] = booleans.Value(i) ? 1 : 0;
      return WriteBytes(bytes.data(), values.length());
    }
    const int64_t width = values.type()->byte_width();
    return WriteBytes(values.data()->buffers[1]->data() + values.offset() * width,
                      values.length() * width);
  }

  Status WriteBytes(const void* data, int64_t bytes) {
    return local_ == nullptr ? waiting_.Append(data, bytes) : stream_->Write(data, bytes);
  }

  const std::shared_ptr<arrow::io::OutputStream> stream_;
  arrow::io::FileOutputStream* const local_;  // the stream, if it is a local file
  const std::string column_;
  std::shared_ptr<arrow::DataType> type_;  // nullptr: before the first block
  int64_t rows_ = 0;
  OverflowFile waiting_;
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
