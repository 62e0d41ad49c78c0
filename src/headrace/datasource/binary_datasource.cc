// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/array_binary.h>

#include <limits>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

/// The content of one file as one row.
class WholeFileReader final : public BlockReader {
 public:
  /// `access` outlives the reader.
  WholeFileReader(std::string path, const io::FileAccess& access, const ReadOptions& options)
      : path_(std::move(path)), access_(access), options_(options) {}

  Result<std::optional<Block>> Next() override {
    if (done_) return std::nullopt;
    done_ = true;
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadWholeFile(path_, access_, options_));
    if (bytes->size() > std::numeric_limits<int32_t>::max()) {
      return Status::CapacityError("file of ", bytes->size(), " bytes is too large for one row");
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                          arrow::AllocateBuffer(2 * sizeof(int32_t), options_.pool));
    auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
    offset[0] = 0;
    offset[1] = static_cast<int32_t>(bytes->size());
    static const auto schema = arrow::schema({arrow::field("bytes", arrow::binary())});
    auto column = std::make_shared<arrow::BinaryArray>(1, std::move(offsets), bytes);
    return Block(arrow::RecordBatch::Make(schema, 1, {std::move(column)}));
  }

 private:
  const std::string path_;
  const io::FileAccess& access_;
  const ReadOptions options_;
  bool done_ = false;
};

class BinaryDatasource final : public FileFormat<BinaryDatasource, BinaryReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "binary"; }
  std::string name() const override { return "ReadBinary"; }
  Result<std::optional<int64_t>> CountFileRows() const override {
    return static_cast<int64_t>(files().paths.size());
  }
  int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism&) const override {
    return file_bytes;  // a file is a row
  }
  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<WholeFileReader>(path, files().access, read);
  }
  Result<std::string> Serialize() const override {
    WireWriter out;
    files().WriteTo(&out);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeBinaryDatasource(BinaryReadOptions options) {
  return std::make_shared<BinaryDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeBinaryDatasource(std::string_view bytes) {
  WireReader in(bytes);
  BinaryReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeBinaryDatasource(std::move(options));
}

}  // namespace headrace::datasource
