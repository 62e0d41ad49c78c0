// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/array_binary.h>
#include <arrow/io/interfaces.h>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/plain_columns.h"
#include "headrace/datasource/record_formats.h"
#include "headrace/datasource/sample_encoder.h"
#include "headrace/datasource/tar_stream.h"

namespace headrace::datasource {
namespace {

// Rows that are turned into files before they are written.
constexpr size_t kBytesAtOnce = 4 << 20;

/// Each row as the files `<key>.<column>`; columns whose names begin with "__" make none.
class WebDatasetEncoder final : public FileEncoder {
 public:
  WebDatasetEncoder(std::shared_ptr<arrow::io::OutputStream> stream, std::string stem, bool encode,
                    arrow::MemoryPool* pool)
      : stream_(std::move(stream)), stem_(std::move(stem)), encode_(encode), pool_(pool) {}

  Status Write(const Block& block) override {
    ARROW_ASSIGN_OR_RAISE(const Block plain, WithoutDictionaries(block, pool_));
    std::vector<Column> columns;
    std::shared_ptr<arrow::Array> keys;
    for (int i = 0; i < plain.num_columns(); ++i) {
      const std::string& name = plain.schema()->field(i)->name();
      const auto& array = plain.batch()->column(i);
      if (name == "__key__") keys = array;
      if (name.starts_with("__") || array->type_id() == arrow::Type::NA) continue;
      ARROW_ASSIGN_OR_RAISE(auto encoder, MakeCellEncoder(name, array, encode_));
      columns.push_back({name, array, std::move(encoder)});
    }
    if (keys != nullptr && keys->type_id() != arrow::Type::STRING) {
      return Status::TypeError("column '__key__' has to be text, not ", keys->type()->ToString());
    }
    for (int64_t row = 0; row < plain.num_rows(); ++row) {
      ARROW_RETURN_NOT_OK(AppendSample(columns, KeyOf(keys.get(), row), row));
      if (out_.size() >= kBytesAtOnce) ARROW_RETURN_NOT_OK(WriteOut());
    }
    return WriteOut();
  }
  Status Finish() override {
    AppendTarEnd(&out_);
    return WriteOut();
  }

 private:
  struct Column {
    std::string name;
    std::shared_ptr<arrow::Array> array;
    std::unique_ptr<CellEncoder> encoder;
  };

  /// The key of a row, or one that no other row of the write has.
  std::string KeyOf(const arrow::Array* keys, int64_t row) {
    if (keys != nullptr && keys->IsValid(row)) {
      return static_cast<const arrow::StringArray&>(*keys).GetString(row);
    }
    return stem_ + "_" + std::to_string(num_unnamed_++);
  }

  Status AppendSample(const std::vector<Column>& columns, const std::string& key, int64_t row) {
    for (const Column& column : columns) {
      if (column.array->IsNull(row)) continue;
      const Status encoded = column.encoder->Encode(row, &content_);
      const std::string name = key + "." + column.name;
      if (!encoded.ok()) return WithPrefix(encoded, "'" + name + "': ");
      AppendTarFile(name, content_, &out_);
    }
    return Status::OK();
  }

  Status WriteOut() {
    ARROW_RETURN_NOT_OK(stream_->Write(out_));
    out_ = {};
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> stream_;
  const std::string stem_;
  const bool encode_;
  arrow::MemoryPool* const pool_;
  int64_t num_unnamed_ = 0;
  std::string content_;
  std::string out_;
};

class WebDatasetDatasink final : public FileDatasink {
 public:
  explicit WebDatasetDatasink(WebDatasetWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "webdataset"; }
  std::string name() const override { return "WriteWebDataset"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    // Files of one task follow each other; each has keys of its own.
    auto num_files = std::make_shared<int64_t>(0);
    return MakeFileWriter(options(), info, "tar",
                          [encode = options_.encode, info, num_files](
                              std::shared_ptr<arrow::io::OutputStream> stream,
                              const Block&) -> Result<std::unique_ptr<FileEncoder>> {
                            std::string stem = info.write_id + "_" +
                                               std::to_string(info.task_index) + "_" +
                                               std::to_string((*num_files)++);
                            return std::make_unique<WebDatasetEncoder>(
                                std::move(stream), std::move(stem), encode, info.pool);
                          });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Bool(options_.encode);
    return out.Take();
  }

 private:
  const WebDatasetWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeWebDatasetDatasink(WebDatasetWriteOptions options) {
  return std::make_shared<WebDatasetDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeWebDatasetDatasink(std::string_view bytes) {
  WireReader in(bytes);
  WebDatasetWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.encode = in.Bool();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeWebDatasetDatasink(std::move(options));
}

}  // namespace headrace::datasource
