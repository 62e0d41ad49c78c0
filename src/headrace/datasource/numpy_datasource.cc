// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/text_formats.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

/// NumPy keeps booleans as bytes.
Result<std::shared_ptr<arrow::Array>> BytesToBooleans(const arrow::Buffer& bytes, int64_t count,
                                                      arrow::MemoryPool* pool) {
  arrow::BooleanBuilder builder(pool);
  ARROW_RETURN_NOT_OK(builder.AppendValues(bytes.data(), count));
  return builder.Finish();
}

// Headers are some hundred bytes; only structured types could make them longer.
constexpr int64_t kHeaderBytes = 4 << 10;
constexpr int64_t kMaxHeaderBytes = 1 << 20;
constexpr int64_t kMostEmptyRows = std::numeric_limits<int32_t>::max();

/// What the header of a file says, worked out.
struct NpyLayout {
  NpyHeader header;
  int64_t width = 1;     // bytes of an element
  int64_t num_rows = 0;  // length of the first axis
  int64_t row_elements = 1;
  int64_t data_bytes = 0;

  static Result<NpyLayout> From(NpyHeader header) {
    NpyLayout layout;
    if (header.shape.empty()) header.shape = {1};  // as numpy.atleast_1d
    layout.width = header.type->id() == arrow::Type::BOOL ? 1 : header.type->byte_width();
    layout.num_rows = header.shape.front();
    for (size_t i = 1; i < header.shape.size(); ++i) {
      if (__builtin_mul_overflow(layout.row_elements, header.shape[i], &layout.row_elements)) {
        return Status::Invalid("npy shape too large");
      }
    }
    // They take no bytes, so no file is too short for them.
    if (layout.row_elements == 0 && layout.num_rows > kMostEmptyRows) {
      return Status::Invalid("npy shape has ", layout.num_rows, " rows without an element");
    }
    int64_t count = 0;
    if (__builtin_mul_overflow(layout.row_elements, layout.num_rows, &count) ||
        __builtin_mul_overflow(count, layout.width, &layout.data_bytes)) {
      return Status::Invalid("npy shape too large");
    }
    layout.header = std::move(header);
    return layout;
  }
  int64_t row_bytes() const { return row_elements * width; }
  bool is_by_column() const {
    return header.fortran_order && header.shape.size() > 1 && data_bytes > 0;
  }
};

/// The rows of one file, as many at a time as make a block.
class NpyReader final : public BlockReader {
 public:
  /// `access` outlives the reader.
  NpyReader(std::string path, const io::FileAccess& access, const ReadOptions& read)
      : path_(std::move(path)),
        access_(access),
        pool_(read.pool),
        target_(read.target_max_block_size),
        cancelled_(read.cancelled) {}

  Result<std::optional<Block>> Next() override {
    if (stream_ == nullptr) ARROW_RETURN_NOT_OK(Open());
    if (next_row_ >= layout_.num_rows && gave_block_) return std::nullopt;
    gave_block_ = true;
    int64_t rows = layout_.num_rows - next_row_;
    if (target_ > 0 && layout_.row_bytes() > 0) {
      rows = std::min(rows, std::max<int64_t>(1, target_ / layout_.row_bytes()));
    }
    ARROW_ASSIGN_OR_RAISE(auto data,
                          layout_.is_by_column() ? ReadByColumn(rows) : ReadInOrder(rows));
    next_row_ += rows;
    return MakeBlock(std::move(data), rows);
  }

 private:
  Status Open() {
    ARROW_ASSIGN_OR_RAISE(
        stream_, io::OpenStream(path_, access_,
                                {.decompress = true, .buffer_bytes = 0, .cancelled = cancelled_}));
    file_ = dynamic_cast<arrow::io::RandomAccessFile*>(stream_.get());
    int64_t wanted = kHeaderBytes;
    Result<NpyHeader> header = Status::Invalid("no npy file");
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto more,
                            stream_->Read(wanted - static_cast<int64_t>(ahead_.size())));
      ahead_.append(std::string_view(*more));
      header = ParseNpyHeader(ahead_);
      const bool is_short = !header.ok() && header.status().message().ends_with("cut off");
      if (!is_short || more->size() == 0 || wanted >= kMaxHeaderBytes) break;
      wanted *= 2;
    }
    ARROW_RETURN_NOT_OK(header.status());
    ARROW_ASSIGN_OR_RAISE(layout_, NpyLayout::From(*std::move(header)));
    ahead_.erase(0, static_cast<size_t>(layout_.header.data_offset));
    if (file_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file_->GetSize());
    return CheckBytes(size - layout_.header.data_offset);
  }

  Status CheckBytes(int64_t there) const {
    if (there >= layout_.data_bytes) return Status::OK();
    return Status::Invalid("npy data is cut off: shape needs ",
                           layout_.num_rows * layout_.row_elements, " elements of ", layout_.width,
                           " bytes, the file has ", there, " bytes");
  }

  /// The next rows of a file in C order, which may be compressed.
  Result<std::shared_ptr<arrow::Buffer>> ReadInOrder(int64_t rows) {
    const int64_t bytes = rows * layout_.row_bytes();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(bytes, pool_));
    int64_t have = std::min<int64_t>(bytes, static_cast<int64_t>(ahead_.size()));
    std::memcpy(out->mutable_data(), ahead_.data(), static_cast<size_t>(have));
    ahead_.erase(0, static_cast<size_t>(have));
    while (have < bytes) {
      ARROW_ASSIGN_OR_RAISE(const int64_t read,
                            stream_->Read(bytes - have, out->mutable_data() + have));
      if (read == 0) return CheckBytes(next_row_ * layout_.row_bytes() + have);
      have += read;
    }
    return out;
  }

  /// The next rows of a file in Fortran order: the elements of a row lie one column apart.
  Result<std::shared_ptr<arrow::Buffer>> ReadByColumn(int64_t rows) {
    if (file_ == nullptr && by_column_ == nullptr) {
      // What is decompressed comes in order only.
      ARROW_ASSIGN_OR_RAISE(by_column_, ReadInOrder(layout_.num_rows));
    }
    const int64_t width = layout_.width;
    const int64_t run_bytes = rows * width;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                          arrow::AllocateBuffer(rows * layout_.row_bytes(), pool_));
    std::vector<uint8_t> run(by_column_ == nullptr ? static_cast<size_t>(run_bytes) : 0);
    const std::vector<int64_t> shape(layout_.header.shape.begin() + 1, layout_.header.shape.end());
    std::vector<int64_t> stride(shape.size(), 1);  // in C order, within a row
    for (size_t axis = shape.size() - 1; axis-- > 0;) {
      stride[axis] = stride[axis + 1] * shape[axis + 1];
    }
    std::vector<int64_t> position(shape.size(), 0);
    int64_t to = 0;
    for (int64_t column = 0; column < layout_.row_elements; ++column) {
      const int64_t begin = (column * layout_.num_rows + next_row_) * width;
      const uint8_t* from = run.data();
      if (by_column_ != nullptr) {
        from = by_column_->data() + begin;
      } else {
        ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(layout_.header.data_offset + begin,
                                                                run_bytes, run.data()));
        if (read < run_bytes) return CheckBytes(begin + read);
      }
      for (int64_t row = 0; row < rows; ++row) {
        std::memcpy(out->mutable_data() + (row * layout_.row_elements + to) * width,
                    from + row * width, static_cast<size_t>(width));
      }
      // Columns come with the first axis running fastest.
      for (size_t axis = 0; axis < shape.size(); ++axis) {
        to += stride[axis];
        if (++position[axis] < shape[axis]) break;
        to -= stride[axis] * shape[axis];
        position[axis] = 0;
      }
    }
    return out;
  }

  Result<std::optional<Block>> MakeBlock(std::shared_ptr<arrow::Buffer> data, int64_t rows) const {
    const NpyHeader& header = layout_.header;
    const int64_t count = rows * layout_.row_elements;
    std::shared_ptr<arrow::Array> values;
    if (header.type->id() == arrow::Type::BOOL) {
      ARROW_ASSIGN_OR_RAISE(values, BytesToBooleans(*data, count, pool_));
    } else {
      values = arrow::MakeArray(
          arrow::ArrayData::Make(header.type, count, {nullptr, std::move(data)}, 0));
    }
    if (header.shape.size() > 1) {
      const std::vector<int64_t> row_shape(header.shape.begin() + 1, header.shape.end());
      ARROW_ASSIGN_OR_RAISE(values, MakeFixedShapeTensorArray(values, row_shape));
    }
    return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("data", values->type())}),
                                          rows, {values}));
  }

  const std::string path_;
  const io::FileAccess& access_;
  arrow::MemoryPool* const pool_;
  const int64_t target_;
  const std::atomic<bool>* const cancelled_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  arrow::io::RandomAccessFile* file_ = nullptr;  // the stream, if it is not decompressed
  std::string ahead_;                            // read behind the header
  NpyLayout layout_;
  std::shared_ptr<arrow::Buffer> by_column_;  // all elements, as they come
  int64_t next_row_ = 0;
  bool gave_block_ = false;
};

class NumpyDatasource final : public FileFormat<NumpyDatasource, NumpyReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "numpy"; }
  std::string name() const override { return "ReadNumpy"; }
  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<NpyReader>(path, files().access, read);
  }
  int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism& parallelism) const override {
    const int64_t target = parallelism.target_max_block_size;
    return target > 0 ? std::min(file_bytes, target) : file_bytes;
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
