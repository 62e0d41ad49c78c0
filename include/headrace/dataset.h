// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/table.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/block.h"
#include "headrace/data_context.h"
#include "headrace/data_iterator.h"
#include "headrace/datasource.h"
#include "headrace/expressions.h"
#include "headrace/shuffle_options.h"
#include "headrace/write_options.h"

namespace headrace {

/// A function of the user. Called from several threads at once, so it must not change what it
/// shares. An exception that leaves it becomes a Status that names the operator.
using BatchFunction = std::function<arrow::Result<Block>(const Block&)>;

struct MapBatchesOptions {
  std::string name = "fn";             // shown as MapBatches(fn)
  std::optional<int64_t> batch_size;   // rows per call; nullopt: one call per block
  std::optional<double> num_cpus;      // CPU slots of one task; default 1
  std::optional<int64_t> concurrency;  // tasks that run at a time; nullopt: as many as fit
  /// False promises that as many rows come out as go in: Count() then need not run the function.
  bool udf_modifying_row_count = true;
};

/// Exactly one of the first two is given.
struct RepartitionOptions {
  std::optional<int64_t> num_blocks;  // blocks of equal row counts; waits for all input
  std::optional<int64_t> target_num_rows_per_block;  // at most, while rows stream
  bool strict = false;  // with the target: exactly so many in every block but the last
};

class GroupedData;

/// Rows that are described, not held: a source and what is done with its rows. Nothing runs before
/// a method that consumes is called, and each such call runs the plan again (Materialize() keeps
/// the rows). Immutable, cheap to copy, safe to use from any thread. Made by the functions of
/// read_api.h.
///
/// A transform given a wrong argument returns a dataset whose status() says so; whatever consumes
/// it, or anything made from it, returns that status. All errors are Status.
class Dataset {
 public:
  /// No rows.
  Dataset();

  // Transforms.

  /// The blocks that `function` returns for each batch. Batches do not cross tasks, so the last one
  /// of a task may be shorter; it is not called for batches without rows. The function runs in this
  /// process, on the engine's threads.
  Dataset MapBatches(BatchFunction function, const MapBatchesOptions& options = {}) const;
  /// The rows for which `predicate` is true (not null). Reaches Parquet readers, which skip what
  /// cannot match.
  Dataset Filter(const Expr& predicate) const;
  /// Adds the column, or replaces it where it stands.
  Dataset WithColumn(std::string name, const Expr& value) const;
  /// Adds or replaces several; each expression sees the columns as they were before.
  Dataset WithColumns(std::vector<std::pair<std::string, Expr>> columns) const;
  /// These columns, in this order. Readers then skip the others.
  Dataset SelectColumns(std::vector<std::string> names) const;
  /// All columns but these; a name that does not exist is a KeyError.
  Dataset DropColumns(std::vector<std::string> names) const;
  /// Pairs of old and new name.
  Dataset RenameColumns(std::vector<std::pair<std::string, std::string>> names) const;
  /// The first `rows` rows. Reading stops once they are there.
  Dataset Limit(int64_t rows) const;
  /// The rows of this dataset, then those of the others. Without DataContext::preserve_order blocks
  /// come as they are ready. Keeps this dataset's context.
  Dataset Union(const std::vector<Dataset>& others) const;
  Dataset Repartition(int64_t num_blocks) const;
  Dataset Repartition(const RepartitionOptions& options) const;
  /// Rows in the order of the columns; equal ones keep their order. Waits for all input, in memory
  /// or on disk; followed by Limit() it keeps only the rows that are needed.
  Dataset Sort(std::vector<SortColumn> columns) const;
  Dataset Sort(std::string column, bool descending = false) const;
  /// Rows in a random order. The same seed over the same rows gives the same order, whatever the
  /// number of slots and the memory are. nullopt: another order for each call of this method.
  Dataset RandomShuffle(std::optional<uint64_t> seed = std::nullopt) const;
  /// Blocks (files, where they are read) in a random order; costs nothing.
  Dataset RandomizeBlockOrder(std::optional<uint64_t> seed = std::nullopt) const;
  /// Groups of rows with equal keys: null is equal to null here, NaN to NaN. Without keys all rows
  /// are one group. `num_partitions` 0: as many as the size of the input asks for.
  GroupedData GroupBy(std::vector<std::string> keys, int64_t num_partitions = 0) const;
  /// Rows of both datasets with equal keys side by side, in no order. Nulls match nothing.
  Dataset Join(const Dataset& right, JoinOptions options) const;
  /// Columns of all datasets side by side, row by row. All have the same number of rows, or
  /// consuming fails with Invalid. A name that is there already gets _1, _2, … behind it.
  Dataset Zip(const std::vector<Dataset>& others) const;
  /// The same rows under other settings.
  Dataset WithContext(DataContext context) const;

  // Consumption. Each of these runs the plan and waits, unless it says otherwise.

  /// Number of rows, from metadata when that is possible.
  arrow::Result<int64_t> Count() const;
  /// Names and types of the columns; runs the plan for one row when nothing else can tell. nullptr
  /// when there are no rows to tell it from.
  arrow::Result<std::shared_ptr<arrow::Schema>> Schema() const;
  /// The first `limit` rows.
  arrow::Result<Block> Take(int64_t limit = 20) const;
  arrow::Result<std::shared_ptr<arrow::Table>> ToTable() const;
  /// Starts a pass over the rows.
  arrow::Result<DataIterator> Iterate(const IterateOptions& options = {}) const;
  /// Runs everything once; the returned dataset holds the blocks, in memory or spilled.
  arrow::Result<Dataset> Materialize() const;

  /// Write files into the directory `path`, a local one or a URI. They are written under hidden
  /// names that become the real ones when everything has succeeded.
  arrow::Status WriteParquet(const std::string& path,
                             const WriteParquetOptions& options = {}) const;
  arrow::Status WriteCsv(const std::string& path, const WriteCsvOptions& options = {}) const;
  /// One JSON object per line.
  arrow::Status WriteJson(const std::string& path, const WriteJsonOptions& options = {}) const;
  /// Arrow IPC files. Dictionary columns are stored as their values, also in ORC files.
  arrow::Status WriteArrow(const std::string& path, const WriteArrowOptions& options = {}) const;
  arrow::Status WriteOrc(const std::string& path, const WriteOrcOptions& options = {}) const;
  /// One tf.train.Example message per row.
  arrow::Status WriteTfrecords(const std::string& path,
                               const WriteTfrecordsOptions& options = {}) const;
  /// Tar archives: the column "x" of a row is the file `<__key__>.x`.
  arrow::Status WriteWebDataset(const std::string& path,
                                const WriteWebDatasetOptions& options = {}) const;
  /// Writes to a sink of the user.
  arrow::Status WriteDatasink(DatasinkPtr sink, const WriteFilesOptions& options = {}) const;

  // Telling about it; runs nothing.

  /// OK, or what was wrong with an argument.
  arrow::Status status() const;
  const DataContext& context() const;
  /// The logical and the physical plan, each before and after optimization.
  arrow::Result<std::string> Explain() const;
  /// Report of the last run that ended; "" before. Copies of a dataset share it; datasets derived
  /// from it do not.
  std::string Stats() const;

  /// For the functions that make datasets; has no definition outside the library.
  struct State;
  explicit Dataset(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  friend class GroupedData;
  std::shared_ptr<const State> state_;
};

/// What GroupBy() gives. Immutable, cheap to copy.
class GroupedData {
 public:
  /// One row per group, in no order: the keys, then the results.
  Dataset Aggregate(std::vector<Aggregation> aggregations) const;
  /// The blocks that `function` returns for the rows of each group, which come in one block.
  Dataset MapGroups(BatchFunction function, const MapBatchesOptions& options = {}) const;

 private:
  friend class Dataset;
  GroupedData(Dataset dataset, std::vector<std::string> keys, int64_t num_partitions)
      : dataset_(std::move(dataset)), keys_(std::move(keys)), num_partitions_(num_partitions) {}

  Dataset dataset_;
  std::vector<std::string> keys_;
  int64_t num_partitions_;
};

}  // namespace headrace
