// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/buffered.h>

#include <algorithm>

#include "headrace/base/log.h"
#include "headrace/base/wire.h"
#include "headrace/datasource/column_choice.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/record_formats.h"
#include "headrace/datasource/sample_columns.h"
#include "headrace/datasource/sample_decoder.h"
#include "headrace/datasource/webdataset_samples.h"

namespace headrace::datasource {
namespace {

constexpr int64_t kBufferBytes = 256 << 10;
// A block ends after so many bytes of values, or at its target, so that the next operator can
// begin.
constexpr int64_t kBlockBytes = 32 << 20;

int64_t BlockBytes(int64_t target_max_block_size) {
  return target_max_block_size > 0 ? std::min(kBlockBytes, target_max_block_size) : kBlockBytes;
}

/// The samples of one archive.
class WebDatasetReader final : public BlockReader {
 public:
  WebDatasetReader(const WebDatasetReadOptions& options, std::string path, TarReader tar,
                   const ReadOptions& read)
      : options_(options),
        path_(std::move(path)),
        samples_(std::move(tar), options_.fileselect, options_.suffixes),
        decoder_(options_.decode, options_.max_image_pixels, read),
        columns_(path_, options_.expand_json, read.pool),
        block_bytes_(BlockBytes(read.target_max_block_size)) {}

  Result<std::optional<Block>> Next() override {
    while (!ended_ && columns_.size_bytes() < block_bytes_) {
      ARROW_ASSIGN_OR_RAISE(const bool found, samples_.Next(&sample_));
      if (!found) {
        ended_ = true;
        if (options_.verbose_open) Log(LogLevel::kInfo, "Read an archive", {{"path", path_}});
        break;
      }
      ARROW_ASSIGN_OR_RAISE(auto values, decoder_.Decode(&sample_));
      if (columns_.num_rows() > 0 && !columns_.Accepts(values)) {
        ARROW_ASSIGN_OR_RAISE(Block block, columns_.Finish());
        columns_.Add(std::move(sample_.key), std::move(values));
        return block;
      }
      columns_.Add(std::move(sample_.key), std::move(values));
    }
    if (columns_.num_rows() == 0) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Block block, columns_.Finish());
    return block;
  }

 private:
  const WebDatasetReadOptions& options_;
  const std::string path_;
  SampleReader samples_;
  SampleDecoder decoder_;
  SampleColumns columns_;
  const int64_t block_bytes_;
  Sample sample_;
  bool ended_ = false;
};

class WebDatasetDatasource final : public FileFormat<WebDatasetDatasource, WebDatasetReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "webdataset"; }
  std::string name() const override { return "ReadWebDataset"; }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    if (options_.verbose_open) Log(LogLevel::kInfo, "Open an archive", {{"path", path}});
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path, read));
    ARROW_ASSIGN_OR_RAISE(auto buffered, arrow::io::BufferedInputStream::Create(
                                             kBufferBytes, read.pool, std::move(stream)));
    return std::make_unique<WebDatasetReader>(options_, path, TarReader(std::move(buffered)), read);
  }
  int64_t FileHeapBytes(int64_t, const ReadParallelism& parallelism) const override {
    // The values of a block, and the columns that they become.
    return 2 * BlockBytes(parallelism.target_max_block_size) + kBufferBytes;
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    out.Bool(options_.decode);
    WriteColumns(options_.fileselect, &out);
    WriteColumns(options_.suffixes, &out);
    out.Bool(options_.verbose_open);
    out.Bool(options_.expand_json);
    out.I64(options_.max_image_pixels);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeWebDatasetDatasource(WebDatasetReadOptions options) {
  return std::make_shared<WebDatasetDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeWebDatasetDatasource(std::string_view bytes) {
  WireReader in(bytes);
  WebDatasetReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.decode = in.Bool();
  options.fileselect = ReadColumns(&in);
  options.suffixes = ReadColumns(&in);
  options.verbose_open = in.Bool();
  options.expand_json = in.Bool();
  options.max_image_pixels = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeWebDatasetDatasource(std::move(options));
}

}  // namespace headrace::datasource
