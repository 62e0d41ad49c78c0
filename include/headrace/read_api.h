// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/csv/options.h>
#include <arrow/json/options.h>
#include <arrow/result.h>
#include <arrow/table.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/dataset.h"

namespace headrace {

/// One or several files, directories or globs; local paths, or URIs such as "s3://bucket/key" and
/// "s3://anonymous@bucket/key".
class Paths {
 public:
  Paths(const char* path) : paths_{path} {}                            // NOLINT: implicit
  Paths(std::string path) : paths_{std::move(path)} {}                 // NOLINT
  Paths(std::vector<std::string> paths) : paths_(std::move(paths)) {}  // NOLINT
  Paths(std::initializer_list<std::string> paths) : paths_(paths) {}   // NOLINT
  const std::vector<std::string>& list() const { return paths_; }

 private:
  std::vector<std::string> paths_;
};

/// What all file readers share.
struct ReadFilesOptions {
  /// Suffixes without dot; nullopt: the reader's own.
  std::optional<std::vector<std::string>> file_extensions;
  bool include_paths = false;         // adds a string column "path"
  bool ignore_missing_paths = false;  // unless all are missing
  /// Directories `key=value` become string columns. nullopt: for Parquet, CSV and JSON.
  std::optional<bool> hive_partitioning;
  std::optional<int64_t> concurrency;  // read tasks that run at a time
  std::optional<double> num_cpus;      // of one read task; default 1
};

struct ReadParquetOptions {
  std::optional<std::vector<std::string>> columns;  // nullopt: all
  Expr filter;                                      // not valid(): none
  std::optional<int64_t> override_num_blocks;       // number of read tasks; nullopt: by size
  ReadFilesOptions files;
};

/// Of `read_options`, block_size, skip_rows, skip_rows_after_names, column_names and
/// autogenerate_column_names are used; of `convert_options`, column_types, null_values,
/// true_values, false_values, strings_can_be_null and include_columns.
struct ReadCsvOptions {
  arrow::csv::ReadOptions read_options = arrow::csv::ReadOptions::Defaults();
  arrow::csv::ParseOptions parse_options = arrow::csv::ParseOptions::Defaults();
  arrow::csv::ConvertOptions convert_options = arrow::csv::ConvertOptions::Defaults();
  std::string encoding = "utf-8";
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

/// Of `read_options`, block_size is used; of `parse_options`, newlines_in_values and
/// explicit_schema.
struct ReadJsonOptions {
  /// True: an object per line. False: also an array of objects, or one object per file.
  bool lines = false;
  arrow::json::ReadOptions read_options = arrow::json::ReadOptions::Defaults();
  arrow::json::ParseOptions parse_options = arrow::json::ParseOptions::Defaults();
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

struct ReadTextOptions {
  std::string encoding = "utf-8";
  bool drop_empty_lines = true;
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

enum class ImageDecode : uint8_t {
  kAccurate,  // what Pillow gives
  kFast,  // with a size: JPEG images are decoded at a fraction of theirs, nearly the same picture
};

struct ReadImagesOptions {
  std::optional<std::pair<int, int>> size;  // (height, width), bilinear; nullopt: as stored
  std::string mode;                         // "RGB", "L", "RGBA", …; "": as stored
  ImageDecode decode = ImageDecode::kAccurate;
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

struct ReadArrowOptions {
  std::optional<std::vector<std::string>> columns;  // nullopt: all
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

struct ReadOrcOptions {
  std::optional<std::vector<std::string>> columns;  // nullopt: all
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

struct ReadTfrecordsOptions {
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

struct ReadWebDatasetOptions {
  bool decode = true;  // text, integers, images, npy and JSON by suffix; false: all stays bytes
  /// Patterns of suffixes and of whole names to read ("cls", "*.jpg"); nullopt: all.
  std::optional<std::vector<std::string>> suffixes;
  std::optional<std::vector<std::string>> fileselect;
  bool expand_json = false;  // keys of "json" become columns
  std::optional<int64_t> override_num_blocks;
  ReadFilesOptions files;
};

/// The readers list the files at once and read them when the dataset is consumed. They fail with
/// IOError naming a path that does not exist, and with Invalid when no file is left to read. The
/// dataset, and what is made from it, keeps `context`.
arrow::Result<Dataset> ReadParquet(const Paths& paths, const ReadParquetOptions& options = {},
                                   const DataContext& context = {});
/// A header line names the columns, unless the options do.
arrow::Result<Dataset> ReadCsv(const Paths& paths, const ReadCsvOptions& options = {},
                               const DataContext& context = {});
arrow::Result<Dataset> ReadJson(const Paths& paths, const ReadJsonOptions& options = {},
                                const DataContext& context = {});
/// Lines, in a column "text".
arrow::Result<Dataset> ReadText(const Paths& paths, const ReadTextOptions& options = {},
                                const DataContext& context = {});
/// Images as uint8 tensors of shape (height, width[, channels]), in a column "image". A file that
/// cannot be decoded fails with its path, unless context.max_errored_blocks allows for it.
arrow::Result<Dataset> ReadImages(const Paths& paths, const ReadImagesOptions& options = {},
                                  const DataContext& context = {});
/// Arrow IPC files and streams, Feather version 2 included.
arrow::Result<Dataset> ReadArrow(const Paths& paths, const ReadArrowOptions& options = {},
                                 const DataContext& context = {});
/// ORC files. The format has no checksums and its library does not check everything: read only
/// files that you trust.
arrow::Result<Dataset> ReadOrc(const Paths& paths, const ReadOrcOptions& options = {},
                               const DataContext& context = {});
/// tf.train.Example messages of TFRecord files, a column per feature: one value is a value, several
/// are a list, none is null.
arrow::Result<Dataset> ReadTfrecords(const Paths& paths, const ReadTfrecordsOptions& options = {},
                                     const DataContext& context = {});
/// Samples of tar archives: files with a name in common are a row with the columns "__key__", one
/// per suffix and "__url__".
arrow::Result<Dataset> ReadWebDataset(const Paths& paths, const ReadWebDatasetOptions& options = {},
                                      const DataContext& context = {});
/// Rows of a source of the user.
arrow::Result<Dataset> ReadDatasource(DatasourcePtr source,
                                      std::optional<int64_t> override_num_blocks = {},
                                      const DataContext& context = {});

/// Rows 0..n-1 in a column "id" (int64). Fails with Invalid when n < 0.
arrow::Result<Dataset> Range(int64_t n, std::optional<int64_t> override_num_blocks = {},
                             const DataContext& context = {});
/// The rows of `blocks`, in order. Shares their buffers.
arrow::Result<Dataset> FromBlocks(std::vector<Block> blocks, const DataContext& context = {});
/// The rows of `table` as one block. Chunks are joined (copied) where a column has several.
arrow::Result<Dataset> FromTable(const std::shared_ptr<arrow::Table>& table,
                                 const DataContext& context = {});

}  // namespace headrace
