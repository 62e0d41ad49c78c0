// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/array_primitive.h>
#include <arrow/table.h>

#include <algorithm>

#include "headrace/api/batch_iterator.h"
#include "headrace/api/dataset_state.h"
#include "headrace/api/materialized.h"
#include "headrace/dataset.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/row_count_of.h"
#include "headrace/plan/schema_of.h"

namespace headrace {

struct DataIterator::State {
  std::shared_ptr<const Dataset::State> dataset;
  std::shared_ptr<api::Execution> execution;
  std::unique_ptr<api::BatchIterator> batches;

  ~State() {
    batches.reset();  // ends the run, unless it has ended
    dataset->Remember(*execution);
  }
};

DataIterator::DataIterator(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataIterator::DataIterator(DataIterator&& other) noexcept = default;
DataIterator& DataIterator::operator=(DataIterator&& other) noexcept = default;
DataIterator::~DataIterator() = default;

Result<std::optional<Block>> DataIterator::Next() {
  ARROW_ASSIGN_OR_RAISE(auto batch, state_->batches->Next());
  if (!batch) state_->dataset->Remember(*state_->execution);
  return batch;
}

Result<DataIterator> Dataset::Iterate(const IterateOptions& options) const {
  Status wrong;
  api::BatchOptions cut;
  cut.batch_size = api::AtLeast("batch_size", options.batch_size, 1, 0, &wrong);
  cut.drop_last = options.drop_last;
  cut.prefetch_batches = api::AtLeast("prefetch_batches", options.prefetch_batches, 0, 0, &wrong);
  cut.shuffle_seed = options.local_shuffle_seed;
  if (options.local_shuffle_buffer_size) {
    if (!options.batch_size) wrong &= Status::Invalid("a local shuffle needs a batch_size");
    const int64_t rows =
        api::AtLeast("local_shuffle_buffer_size", options.local_shuffle_buffer_size, 1, 1, &wrong);
    cut.shuffle_buffer_rows = std::max(rows, cut.batch_size);
  }
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(auto execution, state_->Start(state_->plan));
  auto state = std::make_unique<DataIterator::State>();
  state->dataset = state_;
  state->execution = execution;
  state->batches = std::make_unique<api::BatchIterator>(std::move(execution), cut);
  return DataIterator(std::move(state));
}

Result<int64_t> Dataset::Count() const {
  ARROW_RETURN_NOT_OK(state_->wrong);
  ARROW_ASSIGN_OR_RAISE(const auto known, plan::RowCountOf(state_->plan));
  if (known) return *known;
  ARROW_ASSIGN_OR_RAISE(const auto blocks,
                        state_->Run(std::make_shared<plan::Count>(state_->plan)));
  int64_t rows = 0;
  for (const Block& block : blocks) {
    const auto counts =
        std::static_pointer_cast<arrow::Int64Array>(block.batch()->GetColumnByName("num_rows"));
    for (int64_t i = 0; i < block.num_rows(); ++i) rows += counts->Value(i);
  }
  return rows;
}

Result<std::shared_ptr<arrow::Schema>> Dataset::Schema() const {
  ARROW_RETURN_NOT_OK(state_->wrong);
  ARROW_ASSIGN_OR_RAISE(auto known, plan::SchemaOf(state_->plan));
  if (known != nullptr) return known;
  ARROW_ASSIGN_OR_RAISE(const auto blocks,
                        state_->Run(std::make_shared<plan::Limit>(state_->plan, 1)));
  for (const Block& block : blocks) {
    if (block.num_columns() > 0) return block.schema();
  }
  return nullptr;
}

Result<Block> Dataset::Take(int64_t limit) const {
  const Dataset first = Limit(limit);
  ARROW_ASSIGN_OR_RAISE(const auto blocks, first.state_->Run(first.state_->plan));
  if (blocks.empty()) return Block();
  ARROW_ASSIGN_OR_RAISE(const Block rows, ConcatBlocks(blocks));
  return rows.Slice(0, limit);
}

Result<std::shared_ptr<arrow::Table>> Dataset::ToTable() const {
  ARROW_ASSIGN_OR_RAISE(auto blocks, state_->Run(state_->plan));
  if (blocks.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto schema, plan::SchemaOf(state_->plan));
    return arrow::Table::MakeEmpty(schema == nullptr ? arrow::schema({}) : schema);
  }
  // Blocks without rows may lack the columns that the others have.
  if (std::any_of(blocks.begin(), blocks.end(), [](const Block& b) { return b.num_rows() > 0; })) {
    std::erase_if(blocks, [](const Block& block) { return block.num_rows() == 0; });
  }
  const bool same = std::all_of(blocks.begin(), blocks.end(), [&](const Block& block) {
    return block.schema()->Equals(*blocks.front().schema());
  });
  if (!same) {
    ARROW_ASSIGN_OR_RAISE(Block whole, ConcatBlocks(blocks));
    blocks = {std::move(whole)};
  }
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const Block& block : blocks) batches.push_back(block.batch());
  return arrow::Table::FromRecordBatches(batches.front()->schema(), batches);
}

Result<Dataset> Dataset::Materialize() const {
  ARROW_ASSIGN_OR_RAISE(auto refs, state_->RunForRefs());
  ARROW_ASSIGN_OR_RAISE(auto input, api::InputOf("Input", std::move(refs)));
  return api::MakeDataset(std::move(input), state_->context);
}

}  // namespace headrace
