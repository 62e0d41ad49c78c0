// SPDX-License-Identifier: Apache-2.0
#include "headrace/read_api.h"

#include <arrow/table.h>

#include "headrace/api/dataset_state.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_options.h"
#include "headrace/io/listing.h"
#include "headrace/plan/operators.h"

namespace headrace {
namespace {

using Extensions = std::vector<std::string>;

/// Suffixes of JSON files with all compressions that are read.
Extensions JsonExtensions() {
  Extensions out;
  for (const char* kind : {"json", "jsonl"}) {
    for (const char* suffix : {"", ".gz", ".br", ".zst", ".lz4", ".bz2"}) {
      out.push_back(std::string(kind) + suffix);
    }
  }
  return out;
}

/// The files of `paths`; where there are many, to be listed while they are read. `options`: those
/// of any reader of files.
template <typename Options>
Result<datasource::FileReadOptions> FilesOf(const Paths& paths, const Options& options,
                                            Extensions extensions, bool hive,
                                            const DataContext& context) {
  if (paths.list().empty()) return Status::Invalid("Must provide at least one path.");
  datasource::FileReadOptions out;
  out.access.retry = api::RetryPolicyOf(context);
  io::Listing listing;
  listing.options.extensions = options.files.file_extensions.value_or(std::move(extensions));
  listing.options.ignore_missing_paths = options.files.ignore_missing_paths;
  for (const std::string& path : paths.list()) {
    ARROW_ASSIGN_OR_RAISE(listing.paths.emplace_back(), out.access.Admit(path));
  }
  if (options.override_num_blocks) {
    // Only who knows all files can cut them into so many blocks.
    ARROW_ASSIGN_OR_RAISE(auto all, io::ListFiles(listing, out.access));
    out.SetFiles(std::move(all));
  } else {
    ARROW_ASSIGN_OR_RAISE(auto first, io::ListFirstFiles(listing, out.access));
    out.SetFiles(std::move(first.files));
    if (!first.are_all) out.listing = std::make_shared<const io::Listing>(std::move(listing));
  }
  out.include_paths = options.files.include_paths;
  if (options.files.hive_partitioning.value_or(hive)) {
    out.partitioning.style = datasource::Partitioning::Style::kHive;
  }
  return out;
}

Result<Dataset> MakeRead(DatasourcePtr source, std::optional<int64_t> override_num_blocks,
                         const ReadFilesOptions& options, const DataContext& context) {
  ARROW_RETURN_NOT_OK(RegisterExtensionTypes());
  Status wrong;
  api::AtLeast("override_num_blocks", override_num_blocks, 1, 0, &wrong);
  plan::MapOptions tasks = api::TaskOptions(options.num_cpus, options.concurrency, &wrong);
  ARROW_RETURN_NOT_OK(wrong);
  return api::MakeDataset(
      std::make_shared<plan::Read>(std::move(source), override_num_blocks, std::move(tasks)),
      context);
}

}  // namespace

Result<Dataset> ReadParquet(const Paths& paths, const ReadParquetOptions& options,
                            const DataContext& context) {
  datasource::ParquetReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {"parquet"}, /*hive=*/true, context));
  read.columns = options.columns;
  read.filter = options.filter;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeParquetDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadCsv(const Paths& paths, const ReadCsvOptions& options,
                        const DataContext& context) {
  datasource::CsvReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {}, /*hive=*/true, context));
  read.block_size = options.read_options.block_size;
  read.skip_rows = options.read_options.skip_rows;
  read.skip_rows_after_names = options.read_options.skip_rows_after_names;
  read.column_names = options.read_options.column_names;
  read.autogenerate_column_names = options.read_options.autogenerate_column_names;
  read.delimiter = options.parse_options.delimiter;
  read.quote_char = options.parse_options.quoting ? options.parse_options.quote_char : '\0';
  read.double_quote = options.parse_options.double_quote;
  if (options.parse_options.escaping) read.escape_char = options.parse_options.escape_char;
  read.newlines_in_values = options.parse_options.newlines_in_values;
  read.ignore_empty_lines = options.parse_options.ignore_empty_lines;
  const auto& types = options.convert_options.column_types;
  read.column_types = {types.begin(), types.end()};
  read.null_values = options.convert_options.null_values;
  read.true_values = options.convert_options.true_values;
  read.false_values = options.convert_options.false_values;
  read.strings_can_be_null = options.convert_options.strings_can_be_null;
  read.include_columns = options.convert_options.include_columns;
  read.encoding = options.encoding;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeCsvDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadJson(const Paths& paths, const ReadJsonOptions& options,
                         const DataContext& context) {
  datasource::JsonReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files,
                        FilesOf(paths, options, JsonExtensions(), /*hive=*/true, context));
  read.lines = options.lines;
  read.block_size = options.read_options.block_size;
  read.newlines_in_values = options.parse_options.newlines_in_values;
  read.explicit_schema = options.parse_options.explicit_schema;
  read.max_row_bytes = context.max_text_row_bytes;
  read.max_keys = context.max_json_keys;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeJsonDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadText(const Paths& paths, const ReadTextOptions& options,
                         const DataContext& context) {
  datasource::TextReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {}, /*hive=*/false, context));
  read.encoding = options.encoding;
  read.drop_empty_lines = options.drop_empty_lines;
  read.max_row_bytes = context.max_text_row_bytes;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeTextDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadImages(const Paths& paths, const ReadImagesOptions& options,
                           const DataContext& context) {
  if (options.size && (options.size->first < 1 || options.size->second < 1)) {
    return Status::Invalid("size must be two positive numbers (height, width), got (",
                           options.size->first, ", ", options.size->second, ")");
  }
  datasource::ImageReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files,
                        FilesOf(paths, options, {"png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif"},
                                /*hive=*/false, context));
  read.size = options.size;
  read.mode = options.mode;
  read.fast_decode = options.decode == ImageDecode::kFast;
  read.skip_errors = context.max_errored_blocks != 0;
  read.max_pixels = context.max_image_pixels;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeImageDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadArrow(const Paths& paths, const ReadArrowOptions& options,
                          const DataContext& context) {
  datasource::ArrowReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {"arrow", "arrows", "feather", "ipc"},
                                            /*hive=*/false, context));
  read.columns = options.columns;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeArrowDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadOrc(const Paths& paths, const ReadOrcOptions& options,
                        const DataContext& context) {
  datasource::OrcReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {"orc"}, /*hive=*/false, context));
  read.columns = options.columns;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeOrcDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadTfrecords(const Paths& paths, const ReadTfrecordsOptions& options,
                              const DataContext& context) {
  datasource::TfrecordReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {}, /*hive=*/false, context));
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeTfrecordDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadWebDataset(const Paths& paths, const ReadWebDatasetOptions& options,
                               const DataContext& context) {
  datasource::WebDatasetReadOptions read;
  ARROW_ASSIGN_OR_RAISE(read.files, FilesOf(paths, options, {"tar", "tar.gz", "tgz"},
                                            /*hive=*/false, context));
  read.decode = options.decode;
  read.suffixes = options.suffixes;
  read.fileselect = options.fileselect;
  read.expand_json = options.expand_json;
  read.max_image_pixels = context.max_image_pixels;
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeWebDatasetDatasource(std::move(read)));
  return MakeRead(std::move(source), options.override_num_blocks, options.files, context);
}

Result<Dataset> ReadDatasource(DatasourcePtr source, std::optional<int64_t> override_num_blocks,
                               const DataContext& context) {
  if (source == nullptr) return Status::Invalid("ReadDatasource needs a source");
  return MakeRead(std::move(source), override_num_blocks, {}, context);
}

Result<Dataset> Range(int64_t n, std::optional<int64_t> override_num_blocks,
                      const DataContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto source, datasource::MakeRangeDatasource(n));
  return MakeRead(std::move(source), override_num_blocks, {}, context);
}

Result<Dataset> FromBlocks(std::vector<Block> blocks, const DataContext& context) {
  ARROW_RETURN_NOT_OK(RegisterExtensionTypes());
  return api::MakeDataset(std::make_shared<plan::InputData>("FromBlocks", std::move(blocks)),
                          context);
}

Result<Dataset> FromTable(const std::shared_ptr<arrow::Table>& table, const DataContext& context) {
  if (table == nullptr) return Status::Invalid("FromTable needs a table");
  ARROW_RETURN_NOT_OK(RegisterExtensionTypes());
  ARROW_ASSIGN_OR_RAISE(Block block, Block::FromTable(*table));
  return api::MakeDataset(
      std::make_shared<plan::InputData>("FromArrow", std::vector<Block>{std::move(block)}),
      context);
}

}  // namespace headrace
