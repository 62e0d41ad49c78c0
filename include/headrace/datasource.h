// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/block.h"
#include "headrace/expressions.h"

namespace headrace {

/// How a read is cut into tasks. See docs/internals/read_parallelism.md.
struct ReadParallelism {
  int64_t target_max_block_size = 128 << 20;  // bytes in memory; 0: no limit
  int64_t target_min_block_size = 1 << 20;
  int64_t min_num_blocks = 0;                  // that many if they are not too small; 0: any
  std::optional<int64_t> override_num_blocks;  // the user's wish
  int64_t buffer_bytes = 32 << 20;             // as in ReadOptions
  int num_cpus = 1;
  /// Tasks per CPU while there is enough for each: tasks of uneven cost then end at about the same
  /// time. Fewer where a task has work to do at its end, however much it read.
  int max_tasks_per_cpu = 4;
  /// Rows of a batch that the tasks' blocks go to, 0: unknown. A task of fewer rows cannot do what
  /// follows as well: its blocks would wait in the object store for those of others. Sources of few
  /// large rows heed it while all CPUs have tasks.
  int64_t batch_rows = 0;
};

/// One unit of reading: what one task reads.
struct ReadTask {
  std::string payload;      // understood by the Datasource that planned it
  int64_t num_rows = -1;    // -1: unknown
  int64_t size_bytes = -1;  // estimated bytes in memory, -1: unknown
  /// Most memory that the reader expects to hold at a time while it makes its blocks: the block
  /// that is being made, buffers of files, pages, dictionaries, scratch space of decoders. Blocks
  /// that it has given out are not in it. The scheduler sets that much aside before the task
  /// starts. -1: unknown.
  int64_t heap_bytes = -1;
  std::vector<std::string> input_files;
};

/// Keeps memory set aside as long as it lives.
using MemoryHold = std::shared_ptr<void>;

/// What a reader may use while it reads.
struct ReadOptions {
  arrow::MemoryPool* pool = arrow::default_memory_pool();
  int64_t target_max_block_size = 128 << 20;  // blocks should not be larger; 0: no limit
  int64_t target_min_block_size = 1 << 20;    // smaller neighbours are joined
  int64_t buffer_bytes = 32 << 20;            // of files that may be in memory at a time
  /// Sets bytes aside beyond ReadTask::heap_bytes, for what only the data tells (a large image);
  /// waits until there is room. To be given back before Next() returns. Empty: nobody counts.
  std::function<arrow::Result<MemoryHold>(int64_t bytes)> hold_memory;
  int64_t limit_rows = -1;                       // rows that are wanted of this task; -1: all
  int num_threads = 1;                           // CPU slots of the task
  int64_t max_errored_files = 0;                 // see DataContext.max_errored_blocks
  const std::atomic<bool>* cancelled = nullptr;  // set when nobody wants the result any more
};

/// Blocks of one read task, in order. One thread at a time.
class BlockReader {
 public:
  virtual ~BlockReader() = default;
  /// The next block, or nullopt at the end. Errors name the file and where in it.
  virtual arrow::Result<std::optional<Block>> Next() = 0;
};

/// What metadata tells of a column in some rows.
struct ColumnSummary {
  int64_t num_rows = 0;
  int64_t num_nulls = 0;
  /// Of the column's type, NaN left out; nullptr where all rows are null.
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
};

/// Where rows come from. Immutable and thread-safe: pushdown makes a new one.
class Datasource {
 public:
  virtual ~Datasource() = default;
  /// Key of the registry that reads a serialized source back: "parquet", "range", ….
  virtual std::string_view kind() const = 0;
  /// Name of the operator: "ReadParquet".
  virtual std::string name() const = 0;

  /// Schema of the rows; may open the first files. nullptr: known only by reading.
  virtual arrow::Result<std::shared_ptr<arrow::Schema>> Schema() const { return nullptr; }
  virtual std::vector<std::string> InputFiles() const { return {}; }
  /// Rows, when that can be told without reading data (may open file footers).
  virtual arrow::Result<std::optional<int64_t>> CountRows() const { return std::nullopt; }
  /// Exact summaries of a column in parts that make up all rows; nullopt when only reading can tell
  /// (may open file footers).
  virtual arrow::Result<std::optional<std::vector<ColumnSummary>>> SummarizeColumn(
      const std::string& column) const {
    return std::nullopt;
  }
  /// Bytes in memory, estimated from metadata.
  virtual arrow::Result<std::optional<int64_t>> EstimateBytes() const { return std::nullopt; }

  virtual arrow::Result<std::vector<ReadTask>> PlanReadTasks(
      const ReadParallelism& parallelism) const = 0;
  /// Opens one of the tasks that PlanReadTasks made, in any process.
  virtual arrow::Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task,
                                                           const ReadOptions& options) const = 0;

  /// This source reading only `columns`, in that order; nullptr when it cannot.
  virtual std::shared_ptr<const Datasource> WithColumns(
      const std::vector<std::string>& columns) const {
    return nullptr;
  }
  /// This source giving only rows that satisfy `predicate` (besides its own filter); nullptr when
  /// it cannot evaluate all of it.
  virtual std::shared_ptr<const Datasource> WithFilter(const Expr& predicate) const {
    return nullptr;
  }

  /// This source leaving dictionary-encoded strings encoded: columns of type string come as
  /// dictionaries of string; nullptr when it cannot, or does already.
  virtual std::shared_ptr<const Datasource> WithDictionaries() const { return nullptr; }

  /// True when its readers call Python: then they belong in worker processes.
  virtual bool needs_python() const { return false; }
  /// True when blocks come in the sizes that ReadOptions asks for; others are joined and cut after
  /// the reader.
  virtual bool sizes_blocks() const { return true; }

  /// Bytes that DeserializeDatasource reads in another process of the same version.
  virtual arrow::Result<std::string> Serialize() const = 0;
};

using DatasourcePtr = std::shared_ptr<const Datasource>;

/// What a write task is told.
struct WriteTaskInfo {
  std::string write_id;    // one per write, part of the file names
  int64_t task_index = 0;  // position of the task in the write
  /// What a writer may hold back (row groups) goes by it; 0: no limit.
  int64_t target_max_block_size = 128 << 20;
  arrow::MemoryPool* pool = arrow::default_memory_pool();
};

/// Writes the blocks of one task to hidden temporary names. Destroyed without Finish(), it removes
/// what it wrote.
class BlockWriter {
 public:
  virtual ~BlockWriter() = default;
  virtual arrow::Status Write(const Block& block) = 0;
  /// Closes the files and says what a commit has to do with them. Called once.
  virtual arrow::Result<std::string> Finish() = 0;
};

/// Where rows go. Immutable. A write is: Prepare in the driver, writers in tasks, then Commit with
/// the results of all tasks, or Abort.
class Datasink {
 public:
  virtual ~Datasink() = default;
  virtual std::string_view kind() const = 0;
  virtual std::string name() const = 0;  // "WriteParquet"
  /// False when the write has to be skipped (SaveMode ignore and the destination exists).
  virtual arrow::Result<bool> Prepare() const = 0;
  virtual arrow::Result<std::unique_ptr<BlockWriter>> OpenWriter(
      const WriteTaskInfo& info) const = 0;
  virtual arrow::Status Commit(const std::vector<std::string>& finished) const = 0;
  /// Removes what finished tasks left; never fails the job a second time.
  virtual void Abort(const std::vector<std::string>& finished) const = 0;
  /// Removes what tasks of the write have left whose process died or whose result got lost. After
  /// Commit or Abort, when no task of the write runs any more.
  virtual void RemoveLeftovers(const std::string& write_id) const {}
  /// Rows that should be gathered for one write task; 0: no wish.
  virtual int64_t min_rows_per_task() const { return 0; }
  /// Dictionaries of strings may be written in place of strings; the file is the same.
  virtual bool takes_dictionaries() const { return false; }
  /// True when its writers call Python: then they belong in worker processes.
  virtual bool needs_python() const { return false; }
  virtual arrow::Result<std::string> Serialize() const = 0;
};

using DatasinkPtr = std::shared_ptr<const Datasink>;

}  // namespace headrace
