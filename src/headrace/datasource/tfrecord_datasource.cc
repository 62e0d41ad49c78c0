// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/buffered.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/feature_columns.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/record_formats.h"
#include "headrace/datasource/tfrecord_framing.h"

namespace headrace::datasource {
namespace {

constexpr int64_t kBufferBytes = 256 << 10;
// A block ends after so many bytes of records, or at its target.
constexpr int64_t kBlockBytes = 8 << 20;
// Integers may take one byte in a record; others take about what they take in memory.
constexpr int64_t kHeapPerRecordByte = 4;

Result<RecordReader> OpenRecords(const FileDatasource& source, const std::string& path,
                                 const ReadOptions& read) {
  ARROW_ASSIGN_OR_RAISE(auto stream, source.OpenStream(path, read));
  ARROW_ASSIGN_OR_RAISE(auto buffered, arrow::io::BufferedInputStream::Create(
                                           kBufferBytes, read.pool, std::move(stream)));
  return RecordReader(std::move(buffered));
}

int64_t BlockBytes(int64_t target_max_block_size) {
  return target_max_block_size > 0 ? std::min(kBlockBytes, target_max_block_size) : kBlockBytes;
}

/// The rows of one file. The types of a file are those of all its records: a file with more of them
/// than make a block is read twice, first for its types.
class TfrecordReader final : public BlockReader {
 public:
  TfrecordReader(const FileDatasource& source, std::string path,
                 const std::optional<std::vector<TfFeature>>& schema, const ReadOptions& read)
      : source_(source),
        path_(std::move(path)),
        read_(read),
        block_bytes_(BlockBytes(read.target_max_block_size)) {
    if (schema) given_.emplace(*schema);
  }

  Result<std::optional<Block>> Next() override {
    const bool is_first = records_ == std::nullopt;
    if (is_first) {
      ARROW_ASSIGN_OR_RAISE(records_, OpenRecords(source_, path_, read_));
    }
    const int64_t begin = records_->num_records();
    ARROW_RETURN_NOT_OK(Gather());
    if (gathered_.empty()) return std::nullopt;
    if (given_) {
      if (is_first) columns_ = *given_;
      ARROW_RETURN_NOT_OK(AddGathered(begin));
    } else if (is_first) {
      ARROW_RETURN_NOT_OK(ended_ ? AddGathered(begin) : AddAll());
    }
    ARROW_ASSIGN_OR_RAISE(Block block, columns_.MakeBlock(gathered_, read_.pool));
    return block;
  }

 private:
  /// Reads the records of the next block.
  Status Gather() {
    gathered_.clear();
    int64_t bytes = 0;
    while (!ended_ && bytes < block_bytes_) {
      std::string record;
      ARROW_ASSIGN_OR_RAISE(const bool read, records_->Next(&record));
      ended_ = !read;
      if (!read) break;
      bytes += static_cast<int64_t>(record.size());
      gathered_.push_back(std::move(record));
    }
    return Status::OK();
  }

  Status AddRecord(const std::string& record, int64_t number) {
    const Status parsed = ParseExample(record, &features_);
    const Status added = parsed.ok() ? columns_.Add(features_) : parsed;
    return added.ok() ? added : WithPrefix(added, "record " + std::to_string(number) + " ");
  }

  Status AddGathered(int64_t begin) {
    for (const std::string& record : gathered_) ARROW_RETURN_NOT_OK(AddRecord(record, begin++));
    return Status::OK();
  }

  Status AddAll() {
    ARROW_ASSIGN_OR_RAISE(RecordReader all, OpenRecords(source_, path_, read_));
    std::string record;
    while (true) {
      if (read_.cancelled != nullptr && *read_.cancelled)
        return Status::Cancelled("read cancelled");
      const int64_t number = all.num_records();
      ARROW_ASSIGN_OR_RAISE(const bool read, all.Next(&record));
      if (!read) return Status::OK();
      ARROW_RETURN_NOT_OK(AddRecord(record, number));
    }
  }

  const FileDatasource& source_;
  const std::string path_;
  const ReadOptions read_;
  const int64_t block_bytes_;
  std::optional<FeatureColumns> given_;
  FeatureColumns columns_;
  std::optional<RecordReader> records_;
  std::vector<std::string> gathered_;
  std::vector<FeatureView> features_;
  bool ended_ = false;
};

class TfrecordDatasource final : public FileFormat<TfrecordDatasource, TfrecordReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "tfrecord"; }
  std::string name() const override { return "ReadTFRecord"; }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<TfrecordReader>(*this, path, options_.schema, read);
  }
  int64_t FileHeapBytes(int64_t, const ReadParallelism& parallelism) const override {
    return kHeapPerRecordByte * BlockBytes(parallelism.target_max_block_size) + kBufferBytes;
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    WriteTfSchema(options_.schema, &out);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeTfrecordDatasource(TfrecordReadOptions options) {
  return std::make_shared<TfrecordDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeTfrecordDatasource(std::string_view bytes) {
  WireReader in(bytes);
  TfrecordReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.schema = ReadTfSchema(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeTfrecordDatasource(std::move(options));
}

}  // namespace headrace::datasource
