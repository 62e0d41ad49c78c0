// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"
#include "headrace/datasource.h"
#include "headrace/datasource/row_limit.h"
#include "headrace/io/file_access.h"
#include "headrace/io/listing.h"
#include "headrace/media/decode_image.h"
#include "headrace/write_options.h"

namespace headrace::datasource {

/// Hive or directory partitioning: columns read from the path.
struct Partitioning {
  enum class Style { kNone, kHive, kDirectory };
  Style style = Style::kNone;
  std::string base_dir;                  // path below which the keys are; "": anywhere
  std::vector<std::string> field_names;  // needed by kDirectory
  std::map<std::string, std::shared_ptr<arrow::DataType>> field_types;  // others are string
};

/// What all file readers share. `paths` is already expanded: one entry per file, with sizes, in the
/// order in which they are read (io/listing.h does that).
struct FileReadOptions {
  io::FileAccess access;
  std::vector<std::string> paths;
  std::vector<int64_t> sizes;  // bytes on disk, same length as paths
  /// Where all files come from when `paths` are a sample of them; nullptr: `paths` are all. Stays
  /// in the driver.
  std::shared_ptr<const io::Listing> listing;
  bool include_paths = false;  // adds a string column "path"
  Partitioning partitioning;

  /// `files` in place of those that there were, and these are all.
  void SetFiles(std::vector<io::ListedFile> files);
  void WriteTo(WireWriter* out) const;
  static FileReadOptions ReadFrom(WireReader* in);
};

struct ParquetReadOptions {
  FileReadOptions files;
  std::optional<std::vector<std::string>> columns;  // nullopt: all
  Expr filter;                                      // invalid: none
  std::shared_ptr<arrow::Schema> schema;            // nullptr: from the footers
  bool include_row_hash = false;                    // adds a uint64 column "row_hash"
  /// Dictionary-encoded string columns come as dictionary arrays although the schema says string:
  /// cheaper where everything up to a Parquet sink is native. Only the planner sets it.
  bool keep_dictionaries = false;
  /// Columns (binary or list) to be read as fixed-shape tensors: name -> (value type, shape).
  std::map<std::string, std::pair<std::shared_ptr<arrow::DataType>, std::vector<int64_t>>>
      tensor_columns;
};
Result<DatasourcePtr> MakeParquetDatasource(ParquetReadOptions options);

struct ImageReadOptions {
  FileReadOptions files;
  std::optional<std::pair<int, int>> size;        // (height, width): bilinear resize, as Pillow
  std::string mode;                               // "": as stored; "RGB", "L", "RGBA", …
  bool fast_decode = false;                       // media::ImageLoadOptions::fast
  bool skip_errors = false;                       // drop unreadable files instead of failing
  int64_t max_pixels = media::kDefaultMaxPixels;  // of a file; larger ones are refused
};
Result<DatasourcePtr> MakeImageDatasource(ImageReadOptions options);

struct CsvReadOptions {
  FileReadOptions files;
  char delimiter = ',';
  char quote_char = '"';
  bool double_quote = true;
  std::optional<char> escape_char;
  bool newlines_in_values = false;
  bool ignore_empty_lines = true;
  int32_t skip_rows = 0;
  int32_t skip_rows_after_names = 0;
  std::vector<std::string> column_names;  // empty: from the first row
  bool autogenerate_column_names = false;
  std::string encoding = "utf-8";
  int32_t block_size = 1 << 20;  // bytes parsed at a time
  std::map<std::string, std::shared_ptr<arrow::DataType>> column_types;
  std::vector<std::string> null_values;  // empty: Arrow's defaults
  std::vector<std::string> true_values;
  std::vector<std::string> false_values;
  bool strings_can_be_null = false;
  std::vector<std::string> include_columns;  // empty: all
};
Result<DatasourcePtr> MakeCsvDatasource(CsvReadOptions options);

struct JsonReadOptions {
  FileReadOptions files;
  bool lines = true;  // false: also accept one array of objects or one object per file
  bool newlines_in_values = false;
  int32_t block_size = 1 << 20;
  std::shared_ptr<arrow::Schema> explicit_schema;   // nullptr: inferred
  int64_t max_row_bytes = kDefaultMaxTextRowBytes;  // of one object; a longer one is an error
  int64_t max_keys = kDefaultMaxJsonKeys;           // of all objects; more are an error
};
Result<DatasourcePtr> MakeJsonDatasource(JsonReadOptions options);

struct TextReadOptions {
  FileReadOptions files;
  std::string encoding = "utf-8";
  bool drop_empty_lines = true;
  int64_t max_row_bytes = kDefaultMaxTextRowBytes;  // of one line; a longer one is an error
};
Result<DatasourcePtr> MakeTextDatasource(TextReadOptions options);

struct BinaryReadOptions {
  FileReadOptions files;
};
Result<DatasourcePtr> MakeBinaryDatasource(BinaryReadOptions options);

/// .npy files; object arrays (pickle) are refused.
struct NumpyReadOptions {
  FileReadOptions files;
};
Result<DatasourcePtr> MakeNumpyDatasource(NumpyReadOptions options);

/// Arrow IPC files and streams, Feather version 2 included.
struct ArrowReadOptions {
  FileReadOptions files;
  std::optional<std::vector<std::string>> columns;  // nullopt: all
};
Result<DatasourcePtr> MakeArrowDatasource(ArrowReadOptions options);

struct OrcReadOptions {
  FileReadOptions files;
  std::optional<std::vector<std::string>> columns;  // nullopt: all
};
Result<DatasourcePtr> MakeOrcDatasource(OrcReadOptions options);

/// One feature of a schema of TensorFlow Metadata.
struct TfFeature {
  enum class Kind : uint8_t { kBytes = 1, kFloat = 2, kInt64 = 3 };
  std::string name;
  Kind kind = Kind::kBytes;
};
using TfSchema = std::optional<std::vector<TfFeature>>;
void WriteTfSchema(const TfSchema& schema, WireWriter* out);
TfSchema ReadTfSchema(WireReader* in);

/// TFRecord files of tf.train.Example messages.
struct TfrecordReadOptions {
  FileReadOptions files;
  TfSchema schema;  // nullopt: what the records of a file have; else these columns, as lists
};
Result<DatasourcePtr> MakeTfrecordDatasource(TfrecordReadOptions options);

/// Archives (tar) of samples: files with a key in common are a row.
struct WebDatasetReadOptions {
  FileReadOptions files;
  bool decode = true;  // text, numbers, images, npy and JSON by suffix; false: all stays bytes
  std::optional<std::vector<std::string>> fileselect;   // patterns of file names; nullopt: all
  std::optional<std::vector<std::string>> suffixes;     // patterns of suffixes; nullopt: all
  bool verbose_open = false;                            // log each archive
  int64_t max_image_pixels = media::kDefaultMaxPixels;  // larger images are refused
  bool expand_json = false;                             // keys of "json" become columns
};
Result<DatasourcePtr> MakeWebDatasetDatasource(WebDatasetReadOptions options);

/// Rows 0..num_rows-1: column "id" (int64), or, with a shape, column "data": int64 tensors filled
/// with the row number.
Result<DatasourcePtr> MakeRangeDatasource(int64_t num_rows, std::vector<int64_t> tensor_shape = {});

using headrace::SaveMode;

/// What all file sinks share.
struct FileWriteOptions {
  io::FileAccess access;
  std::string path;  // destination directory
  SaveMode mode = SaveMode::kAppend;
  bool try_create_dir = true;
  int64_t min_rows_per_file = 0;  // 0: one file per write task
  int64_t max_rows_per_file = 0;  // 0: no limit
  std::string dataset_id;         // first part of the file names
  /// Of whole files, whose names end accordingly: "gzip", "bz2", "zstd", "lz4", "brotli"; "": none.
  std::string stream_compression;
  /// Name of the file of a task, chosen when the write commits; empty: the usual one. Stays in the
  /// driver.
  std::function<Result<std::string>(const std::string& write_id, int64_t task_index)> name_task;

  void WriteTo(WireWriter* out) const;
  static FileWriteOptions ReadFrom(WireReader* in);
};

struct ParquetWriteOptions {
  FileWriteOptions files;
  std::string compression = "snappy";
  std::optional<int> compression_level;
  int64_t row_group_size = 1 << 20;  // rows
  bool use_dictionary = true;
  std::vector<std::string> partition_cols;  // hive directories k=v/, dropped from the files
};
Result<DatasinkPtr> MakeParquetDatasink(ParquetWriteOptions options);

struct CsvWriteOptions {
  FileWriteOptions files;
  bool include_header = true;
  char delimiter = ',';
  std::string quoting_style = "needed";  // "needed", "all_valid", "none"
};
Result<DatasinkPtr> MakeCsvDatasink(CsvWriteOptions options);

/// One JSON object per line.
Result<DatasinkPtr> MakeJsonDatasink(FileWriteOptions options);

/// Arrow IPC files. Dictionary columns are stored as their values.
struct ArrowWriteOptions {
  FileWriteOptions files;
  std::string compression;  // of the buffers: "lz4", "zstd"; "" or "none": as they are
};
Result<DatasinkPtr> MakeArrowDatasink(ArrowWriteOptions options);

struct OrcWriteOptions {
  FileWriteOptions files;
  std::string compression;         // "zlib", "snappy", "lz4", "zstd"; "" or "none"
  int64_t stripe_size = 64 << 20;  // bytes in memory, before encoding
};
Result<DatasinkPtr> MakeOrcDatasink(OrcWriteOptions options);

struct TfrecordWriteOptions {
  FileWriteOptions files;
  TfSchema schema;  // nullopt: by the types of the columns
};
Result<DatasinkPtr> MakeTfrecordDatasink(TfrecordWriteOptions options);

/// Archives (tar) with a file `<__key__>.<column>` per value.
struct WebDatasetWriteOptions {
  FileWriteOptions files;
  bool encode = true;  // by suffix; false: columns are bytes or text
};
Result<DatasinkPtr> MakeWebDatasetDatasink(WebDatasetWriteOptions options);

/// Column `column` of each task as one .npy file.
Result<DatasinkPtr> MakeNumpyDatasink(FileWriteOptions options, std::string column);

}  // namespace headrace::datasource
