// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headrace {

/// What a write does with a destination that exists.
enum class SaveMode {
  kAppend,     // adds files; names never collide
  kOverwrite,  // removes what is there when the new files are complete
  kCreate,     // fails, like kError
  kError,      // fails
  kIgnore,     // writes nothing
};

/// What all file writers share. Names and defaults are those of Python's write_parquet and so on.
struct WriteFilesOptions {
  SaveMode mode = SaveMode::kAppend;
  bool try_create_dir = true;
  std::optional<int64_t> min_rows_per_file;  // rows gathered for a file at least
  std::optional<int64_t> max_rows_per_file;  // rows of a file at most
  std::optional<int64_t> concurrency;        // tasks that write at a time
  std::optional<double> num_cpus;            // of one task; default 1
};

struct WriteParquetOptions {
  std::string compression = "snappy";  // "zstd", "gzip", "lz4", "brotli", "none"
  std::optional<int> compression_level;
  int64_t row_group_size = 1 << 20;  // rows
  bool use_dictionary = true;
  /// Columns whose values become directories `column=value`; left out of the files.
  std::vector<std::string> partition_cols;
  WriteFilesOptions files;
};

struct WriteCsvOptions {
  bool include_header = true;
  char delimiter = ',';
  std::string quoting_style = "needed";  // "needed", "all_valid", "none"
  std::string compression;               // "gzip", "bz2", "zstd", "lz4", "brotli"; "": none
  WriteFilesOptions files;
};

struct WriteJsonOptions {
  std::string compression;  // "gzip", "bz2", "zstd", "lz4", "brotli"; "": none
  WriteFilesOptions files;
};

struct WriteArrowOptions {
  std::string compression;  // of the buffers: "lz4", "zstd"; "": as they are
  WriteFilesOptions files;
};

struct WriteOrcOptions {
  std::string compression;         // "zlib", "snappy", "lz4", "zstd"; "": none
  int64_t stripe_size = 64 << 20;  // bytes of rows, held in memory until the stripe is complete
  WriteFilesOptions files;
};

struct WriteTfrecordsOptions {
  WriteFilesOptions files;
};

struct WriteWebDatasetOptions {
  /// By the suffix that a column's name is: integers, JSON, npy, images; false: columns are bytes
  /// or text.
  bool encode = true;
  WriteFilesOptions files;
};

}  // namespace headrace
