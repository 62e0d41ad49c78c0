// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/io/interfaces.h>

#include <functional>
#include <numeric>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

/// Elements of a Fortran-ordered array, in C order.
Result<std::shared_ptr<arrow::Buffer>> ToRowMajor(const arrow::Buffer& data,
                                                  const std::vector<int64_t>& shape, int64_t width,
                                                  arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(data.size(), pool));
  const int64_t count = data.size() / width;
  std::vector<int64_t> stride(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i) stride[i] = stride[i - 1] * shape[i - 1];
  std::vector<int64_t> position(shape.size(), 0);
  int64_t from = 0;
  for (int64_t to = 0; to < count; ++to) {
    std::memcpy(out->mutable_data() + to * width, data.data() + from * width, width);
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += stride[axis];
      if (++position[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return out;
}

/// NumPy keeps booleans as bytes.
Result<std::shared_ptr<arrow::Array>> BytesToBooleans(const arrow::Buffer& bytes, int64_t count,
                                                      arrow::MemoryPool* pool) {
  arrow::BooleanBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.AppendValues(bytes.data(), count));
  return builder.Finish();
}

class NpyReader final : public BlockReader {
 public:
  NpyReader(std::string path, arrow::MemoryPool* pool) : path_(std::move(path)), pool_(pool) {}

  Result<std::optional<Block>> Next() override {
    if (done_) return std::nullopt;
    done_ = true;
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadWholeFile(path_, /*decompress=*/true, pool_));
    ARROW_ASSIGN_OR_RAISE(NpyHeader header, ParseNpyHeader(std::string_view(*bytes)));
    if (header.shape.empty()) header.shape = {1};  // as numpy.atleast_1d
    const bool is_bool = header.type->id() == arrow::Type::BOOL;
    const int64_t width = is_bool ? 1 : header.type->byte_width();
    int64_t count = 1;
    for (const int64_t size : header.shape) {
      if (__builtin_mul_overflow(count, size, &count))
        return Status::Invalid("npy shape too large");
    }
    int64_t needed = 0;
    if (__builtin_mul_overflow(count, width, &needed) ||
        needed > bytes->size() - header.data_offset) {
      return Status::Invalid("npy data is cut off: shape needs ", count, " elements of ", width,
                             " bytes, the file has ", bytes->size() - header.data_offset, " bytes");
    }
    auto data = arrow::SliceBuffer(bytes, header.data_offset, needed);
    if (header.fortran_order && header.shape.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(data, ToRowMajor(*data, header.shape, width, pool_));
    }
    std::shared_ptr<arrow::Array> values;
    if (is_bool) {
      ARROW_ASSIGN_OR_RAISE(values, BytesToBooleans(*data, count, pool_));
    } else {
      values = arrow::MakeArray(arrow::ArrayData::Make(header.type, count, {nullptr, data}, 0));
    }
    const int64_t rows = header.shape.front();
    if (header.shape.size() > 1) {
      const std::vector<int64_t> row_shape(header.shape.begin() + 1, header.shape.end());
      ARROW_ASSIGN_OR_RAISE(values, MakeFixedShapeTensorArray(values, row_shape));
    }
    return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("data", values->type())}),
                                          rows, {values}));
  }

 private:
  const std::string path_;
  arrow::MemoryPool* pool_;
  bool done_ = false;
};

class NumpyDatasource final : public FileDatasource {
 public:
  explicit NumpyDatasource(NumpyReadOptions options) : FileDatasource(options.files) {}

  std::string_view kind() const override { return "numpy"; }
  std::string name() const override { return "ReadNumpy"; }
  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<NpyReader>(path, read.pool);
  }
  Result<std::string> Serialize() const override {
    WireWriter out;
    files().WriteTo(&out);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeNumpyDatasource(NumpyReadOptions options) {
  return std::make_shared<NumpyDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeNumpyDatasource(std::string_view bytes) {
  WireReader in(bytes);
  NumpyReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeNumpyDatasource(std::move(options));
}

}  // namespace headrace::datasource
