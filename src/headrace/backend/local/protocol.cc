// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/protocol.h"

namespace headrace::backend {

void WriteIds(const std::vector<uint64_t>& ids, WireWriter* out) {
  out->U64(ids.size());
  for (const uint64_t id : ids) out->U64(id);
}

std::vector<uint64_t> ReadIds(WireReader* in) {
  std::vector<uint64_t> ids(in->Count());
  for (auto& id : ids) id = in->U64();
  return ids;
}

void WriteMemoryLimits(const MemoryLimits& limits, WireWriter* out) {
  out->I64(limits.max_idle_bytes);
  out->I64(limits.malloc_keep_bytes);
}

MemoryLimits ReadMemoryLimits(WireReader* in) {
  MemoryLimits limits;
  limits.max_idle_bytes = in->I64();
  limits.malloc_keep_bytes = in->I64();
  return limits;
}

void WriteParams(const task::TaskParams& params, WireWriter* out) {
  out->I64(params.task_index);
  out->Str(params.write_id);
  out->I64(params.target_max_block_size);
  out->I64(params.target_min_block_size);
  out->I64(params.max_unread_blocks);
  out->Bool(params.flush_per_block);
  out->Str(params.argument);
}

task::TaskParams ReadParams(WireReader* in) {
  task::TaskParams params;
  params.task_index = in->I64();
  params.write_id = in->Str();
  params.target_max_block_size = in->I64();
  params.target_min_block_size = in->I64();
  params.max_unread_blocks = in->I64();
  params.flush_per_block = in->Bool();
  params.argument = in->Str();
  return params;
}

void WriteStats(const task::TaskStats& stats, WireWriter* out) {
  out->F64(stats.wall_s);
  out->F64(stats.cpu_s);
  out->F64(stats.udf_s);
  out->I64(stats.rows_in);
  out->I64(stats.rows_out);
  out->I64(stats.rows_consumed);
  out->I64(stats.bytes_out);
  out->I64(stats.blocks_out);
  out->I64(stats.skipped_inputs);
  out->I64(stats.peak_rss_bytes);
  out->I64(stats.heap_peak_bytes);
}

task::TaskStats ReadStats(WireReader* in) {
  task::TaskStats stats;
  stats.wall_s = in->F64();
  stats.cpu_s = in->F64();
  stats.udf_s = in->F64();
  stats.rows_in = in->I64();
  stats.rows_out = in->I64();
  stats.rows_consumed = in->I64();
  stats.bytes_out = in->I64();
  stats.blocks_out = in->I64();
  stats.skipped_inputs = in->I64();
  stats.peak_rss_bytes = in->I64();
  stats.heap_peak_bytes = in->I64();
  return stats;
}

void WriteStatus(const Status& status, WireWriter* out) {
  out->U64(static_cast<uint64_t>(status.code()));
  if (status.ok()) return;
  const ErrorDetail* detail = GetErrorDetail(status);
  out->Str(status.message());
  out->Bool(detail != nullptr);
  if (detail == nullptr) return;
  out->U64(static_cast<uint64_t>(detail->kind()));
  out->Str(detail->payload());
  out->Str(detail->operator_name());
}

Status ReadStatus(WireReader* in) {
  const auto code = static_cast<arrow::StatusCode>(in->U64());
  if (code == arrow::StatusCode::OK) return Status::OK();
  std::string message = in->Str();
  if (!in->Bool()) return {code, std::move(message)};
  const auto kind = static_cast<ErrorKind>(in->U64());
  std::string payload = in->Str();
  return {code, std::move(message),
          std::make_shared<ErrorDetail>(kind, std::move(payload), in->Str())};
}

}  // namespace headrace::backend
