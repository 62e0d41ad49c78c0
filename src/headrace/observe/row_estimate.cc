// SPDX-License-Identifier: Apache-2.0
#include "headrace/observe/row_estimate.h"

#include <algorithm>
#include <cmath>

namespace headrace::observe {
namespace {

int64_t TotalInput(const exec::OperatorSnapshot& op, const std::vector<int64_t>& totals) {
  int64_t rows = 0;
  for (const int input : op.inputs) {
    if (totals[input] < 0) return -1;
    rows += totals[input];
  }
  return rows;
}

int64_t TotalRows(const exec::OperatorSnapshot& op, const std::vector<int64_t>& totals) {
  if (op.done) return op.rows();
  if (op.inputs.empty()) return op.max_rows_out.value_or(-1);
  int64_t total = TotalInput(op, totals);
  if (total >= 0 && op.runs_tasks) {
    const exec::OperatorCounters& c = op.counters;
    if (c.rows_in_done > 0) {
      total = std::llround(c.task_rows.sum / static_cast<double>(c.rows_in_done) *
                           static_cast<double>(total));
    } else if (!op.input_is_rows) {
      return -1;  // how many rows a read gives is not known before one has ended
    }
  }
  if (op.max_rows_out && (total < 0 || total > *op.max_rows_out)) total = *op.max_rows_out;
  return total < 0 ? -1 : std::max(total, op.rows());
}

}  // namespace

std::vector<int64_t> EstimateTotalRows(const exec::RunSnapshot& run) {
  std::vector<int64_t> totals;
  totals.reserve(run.operators.size());
  for (const auto& op : run.operators) totals.push_back(TotalRows(op, totals));
  return totals;
}

}  // namespace headrace::observe
