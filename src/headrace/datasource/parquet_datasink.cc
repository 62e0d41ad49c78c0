// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_datasink.h"

#include <algorithm>
#include <map>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/hive_split.h"
#include "headrace/datasource/parquet_encoder.h"

namespace headrace::datasource {
namespace {

// Blocks' worth of rows that the open files of a task hold back in all.
constexpr int64_t kHeldPerTarget = 2;
constexpr int64_t kLeastHeldBytes = 16 << 20;
constexpr int64_t kMostHeldBytes = 256 << 20;

int64_t HeldBytes(int64_t target_max_block_size) {
  if (target_max_block_size <= 0) return kMostHeldBytes;
  return std::clamp(kHeldPerTarget * target_max_block_size, kLeastHeldBytes, kMostHeldBytes);
}

/// One FileSequence per combination of partition values, all open until the end. When they hold too
/// much back in all, the largest end their row groups.
class PartitionedWriter final : public BlockWriter {
 public:
  PartitionedWriter(std::unique_ptr<StagedFiles> files, const ParquetWriteOptions& options,
                    int64_t max_held_bytes, arrow::MemoryPool* pool, MakeEncoder make_encoder)
      : files_(std::move(files)),
        keys_(options.partition_cols),
        max_rows_(options.files.max_rows_per_file),
        max_held_bytes_(max_held_bytes),
        pool_(pool),
        make_encoder_(std::move(make_encoder)) {}

  Status Write(const Block& block) override {
    ARROW_ASSIGN_OR_RAISE(const auto parts, SplitByHiveKeys(block, keys_, pool_));
    for (const auto& [directory, rows] : parts) {
      const auto [it, is_new] =
          sequences_.try_emplace(directory, files_.get(), directory, max_rows_, make_encoder_);
      held_bytes_ -= it->second.held_bytes();
      ARROW_RETURN_NOT_OK(it->second.Write(rows));
      held_bytes_ += it->second.held_bytes();
      if (held_bytes_ > max_held_bytes_) ARROW_RETURN_NOT_OK(FlushLargest());
    }
    return Status::OK();
  }

  Result<std::string> Finish() override {
    for (auto& [directory, sequence] : sequences_) ARROW_RETURN_NOT_OK(sequence.Finish());
    return files_->Finish();
  }

 private:
  /// Half of what is held leaves, from the largest row groups.
  Status FlushLargest() {
    std::vector<FileSequence*> by_size;
    for (auto& [directory, sequence] : sequences_) by_size.push_back(&sequence);
    std::sort(by_size.begin(), by_size.end(), [](const FileSequence* a, const FileSequence* b) {
      return a->held_bytes() > b->held_bytes();
    });
    for (FileSequence* sequence : by_size) {
      if (held_bytes_ <= max_held_bytes_ / 2) break;
      held_bytes_ -= sequence->held_bytes();
      ARROW_RETURN_NOT_OK(sequence->Flush());
    }
    return Status::OK();
  }

  std::unique_ptr<StagedFiles> files_;
  const std::vector<std::string> keys_;
  const int64_t max_rows_;
  const int64_t max_held_bytes_;
  int64_t held_bytes_ = 0;  // of all sequences
  arrow::MemoryPool* pool_;
  const MakeEncoder make_encoder_;
  std::map<std::string, FileSequence> sequences_;
};

class ParquetDatasink final : public FileDatasink {
 public:
  explicit ParquetDatasink(ParquetWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "parquet"; }
  std::string name() const override { return "WriteParquet"; }
  // Directory names are made of strings.
  bool takes_dictionaries() const override { return options_.partition_cols.empty(); }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    const int64_t target = info.target_max_block_size;
    MakeEncoder make_encoder = [options = options_, target, pool = info.pool](
                                   std::shared_ptr<arrow::io::OutputStream> stream,
                                   const Block& first) {
      return MakeParquetEncoder(options, std::move(stream), first, target, pool);
    };
    if (options_.partition_cols.empty()) {
      return MakeFileWriter(options(), info, "parquet", std::move(make_encoder));
    }
    ARROW_ASSIGN_OR_RAISE(auto files, StagedFiles::Make(options(), info, "parquet"));
    return std::make_unique<PartitionedWriter>(std::move(files), options_, HeldBytes(target),
                                               info.pool, std::move(make_encoder));
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Str(options_.compression);
    out.Bool(options_.compression_level.has_value());
    out.I64(options_.compression_level.value_or(0));
    out.I64(options_.row_group_size);
    out.Bool(options_.use_dictionary);
    out.Strs(options_.partition_cols);
    return out.Take();
  }

 private:
  const ParquetWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeParquetDatasink(ParquetWriteOptions options) {
  ARROW_RETURN_NOT_OK(CheckParquetOptions(options));
  return std::make_shared<ParquetDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeParquetDatasink(std::string_view bytes) {
  WireReader in(bytes);
  ParquetWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.compression = in.Str();
  const bool has_level = in.Bool();
  const int64_t level = in.I64();
  if (has_level) options.compression_level = static_cast<int>(level);
  options.row_group_size = in.I64();
  options.use_dictionary = in.Bool();
  options.partition_cols = in.Strs();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeParquetDatasink(std::move(options));
}

}  // namespace headrace::datasource
