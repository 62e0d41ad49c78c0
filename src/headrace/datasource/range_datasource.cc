// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/range_datasource.h"

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <numeric>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {
namespace {

int64_t ElementsPerRow(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

/// Row numbers [begin, end), each repeated `repeats` times.
Result<std::shared_ptr<arrow::Array>> RowNumbers(int64_t begin, int64_t end, int64_t repeats,
                                                 arrow::MemoryPool* pool) {
  const int64_t length = (end - begin) * repeats;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(length * sizeof(int64_t), pool));
  auto* out = reinterpret_cast<int64_t*>(buffer->mutable_data());
  if (repeats == 1) {
    std::iota(out, out + length, begin);
  } else {
    for (int64_t row = begin; row < end; ++row, out += repeats) std::fill_n(out, repeats, row);
  }
  return std::make_shared<arrow::Int64Array>(length, std::move(buffer));
}

class RangeReader final : public BlockReader {
 public:
  RangeReader(std::shared_ptr<arrow::Schema> schema, std::vector<int64_t> shape, int64_t begin,
              int64_t end, const ReadOptions& options)
      : schema_(std::move(schema)), shape_(std::move(shape)), next_(begin), end_(end) {
    pool_ = options.pool;
    cancelled_ = options.cancelled;
    if (options.limit_rows >= 0) end_ = std::min(end_, begin + options.limit_rows);
    rows_per_block_ = end_ - begin;
    if (options.target_max_block_size > 0) {
      const int64_t row_bytes = 8 * std::max<int64_t>(1, ElementsPerRow(shape_));
      rows_per_block_ = std::max<int64_t>(1, options.target_max_block_size / row_bytes);
    }
  }

  Result<std::optional<Block>> Next() override {
    if (cancelled_ != nullptr && *cancelled_) return Status::Cancelled("read cancelled");
    if (next_ >= end_) return std::nullopt;
    const int64_t begin = next_;
    next_ = std::min(end_, begin + rows_per_block_);
    std::shared_ptr<arrow::Array> column;
    if (shape_.empty()) {
      ARROW_ASSIGN_OR_RAISE(column, RowNumbers(begin, next_, 1, pool_));
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto values,
                            RowNumbers(begin, next_, ElementsPerRow(shape_), pool_));
      ARROW_ASSIGN_OR_RAISE(column, MakeFixedShapeTensorArray(values, shape_));
    }
    return Block(arrow::RecordBatch::Make(schema_, next_ - begin, {std::move(column)}));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int64_t> shape_;
  int64_t next_;
  int64_t end_;
  int64_t rows_per_block_;
  arrow::MemoryPool* pool_;
  const std::atomic<bool>* cancelled_;
};

class RangeDatasource final : public Datasource {
 public:
  RangeDatasource(int64_t num_rows, std::vector<int64_t> shape,
                  std::shared_ptr<arrow::Schema> schema)
      : num_rows_(num_rows), shape_(std::move(shape)), schema_(std::move(schema)) {}

  std::string_view kind() const override { return "range"; }
  std::string name() const override { return shape_.empty() ? "ReadRange" : "ReadRangeTensor"; }
  Result<std::shared_ptr<arrow::Schema>> Schema() const override { return schema_; }
  Result<std::optional<int64_t>> CountRows() const override { return num_rows_; }
  Result<std::optional<int64_t>> EstimateBytes() const override { return num_rows_ * row_bytes(); }

  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const override {
    int64_t num_tasks = 2 * std::max(1, parallelism.num_cpus);
    if (parallelism.target_max_block_size > 0) {
      num_tasks =
          std::max(num_tasks, num_rows_ * row_bytes() / parallelism.target_max_block_size + 1);
    }
    if (parallelism.target_min_block_size > 0) {
      num_tasks = std::max(num_tasks,
                           std::min(parallelism.min_num_blocks,
                                    num_rows_ * row_bytes() / parallelism.target_min_block_size));
    }
    if (parallelism.override_num_blocks) num_tasks = *parallelism.override_num_blocks;
    num_tasks = std::clamp<int64_t>(num_tasks, 1, std::max<int64_t>(1, num_rows_));
    std::vector<ReadTask> tasks(num_tasks);
    // Even split: the first `longer` tasks have one row more.
    const int64_t rows = num_rows_ / num_tasks;
    const int64_t longer = num_rows_ % num_tasks;
    int64_t begin = 0;
    for (int64_t i = 0; i < num_tasks; ++i) {
      const int64_t end = begin + rows + (i < longer ? 1 : 0);
      WireWriter payload;
      payload.I64(begin);
      payload.I64(end);
      tasks[i].payload = payload.Take();
      tasks[i].num_rows = end - begin;
      tasks[i].size_bytes = (end - begin) * row_bytes();
      tasks[i].heap_bytes = tasks[i].size_bytes;  // one block
      if (parallelism.target_max_block_size > 0) {
        tasks[i].heap_bytes =
            std::min(tasks[i].heap_bytes, std::max(row_bytes(), parallelism.target_max_block_size));
      }
      begin = end;
    }
    return tasks;
  }

  Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task,
                                            const ReadOptions& options) const override {
    WireReader payload(task.payload);
    const int64_t begin = payload.I64();
    const int64_t end = payload.I64();
    ARROW_RETURN_NOT_OK(payload.Finish());
    return std::make_unique<RangeReader>(schema_, shape_, begin, end, options);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    out.I64(num_rows_);
    out.U64(shape_.size());
    for (const int64_t size : shape_) out.I64(size);
    return out.Take();
  }

 private:
  int64_t row_bytes() const { return 8 * ElementsPerRow(shape_); }

  int64_t num_rows_;
  std::vector<int64_t> shape_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<DatasourcePtr> MakeRangeDatasource(int64_t num_rows, std::vector<int64_t> tensor_shape) {
  if (num_rows < 0) return Status::Invalid("range: number of rows is negative: ", num_rows);
  std::shared_ptr<arrow::Schema> schema;
  if (tensor_shape.empty()) {
    schema = arrow::schema({arrow::field("id", arrow::int64())});
  } else {
    ARROW_ASSIGN_OR_RAISE(auto type, FixedShapeTensor(arrow::int64(), tensor_shape));
    schema = arrow::schema({arrow::field("data", std::move(type))});
  }
  return std::make_shared<RangeDatasource>(num_rows, std::move(tensor_shape), std::move(schema));
}

Result<DatasourcePtr> DeserializeRangeDatasource(std::string_view bytes) {
  WireReader in(bytes);
  const int64_t num_rows = in.I64();
  std::vector<int64_t> shape(in.Count());
  for (int64_t& size : shape) size = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeRangeDatasource(num_rows, std::move(shape));
}

}  // namespace headrace::datasource
