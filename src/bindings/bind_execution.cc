// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bindings.h"
#include "bindings/python_object.h"
#include "bindings/raise.h"
#include "headrace/api/batch_iterator.h"
#include "headrace/api/execution.h"
#include "headrace/observe/row_estimate.h"
#include "headrace/observe/stats_report.h"

namespace headrace::bindings {
namespace {

using api::BatchIterator;
using api::Execution;
using exec::OperatorSnapshot;
using exec::RunSnapshot;

/// Ctrl-C is noticed after this long while waiting.
constexpr auto kSignalInterval = std::chrono::milliseconds(100);

/// Waits without the GIL until `source` is ready, looking for signals now and then.
template <typename Source>
void WaitForSignalsOr(Source& source) {
  while (true) {
    bool ready = false;
    {
      nb::gil_scoped_release
          nogil;  // a function of the user may need the GIL before there is a block
      ready = source.WaitReady(kSignalInterval);
    }
    CheckCode(PyErr_CheckSignals());
    if (ready) return;
  }
}

std::optional<Block> NextBlock(Execution& self) {
  WaitForSignalsOr(self);
  auto block = [&] {
    nb::gil_scoped_release nogil;
    return self.NextBlock();
  }();
  return ValueOrRaise(std::move(block));
}

std::vector<task::BlockRef> NextRefs(Execution& self) {
  WaitForSignalsOr(self);
  auto refs = [&] {
    nb::gil_scoped_release nogil;
    return self.NextRefs();
  }();
  return ValueOrRaise(std::move(refs));
}

void Join(Execution& self) {
  while (true) {
    WaitForSignalsOr(self);
    auto ended = [&] {
      nb::gil_scoped_release nogil;
      return self.JoinStep();
    }();
    if (ValueOrRaise(std::move(ended))) return;
  }
}

std::optional<Block> NextBatch(BatchIterator& self) {
  WaitForSignalsOr(self);
  auto batch = [&] {
    nb::gil_scoped_release nogil;
    return self.Next();
  }();
  return ValueOrRaise(std::move(batch));
}

nb::dict OperatorDict(const OperatorSnapshot& op, int64_t rows_total) {
  nb::dict out;
  out["name"] = op.name;
  out["type"] = op.type;
  out["done"] = op.done;
  out["tasks_done"] = op.counters.tasks_done;
  out["tasks_running"] = op.num_running;
  out["tasks_failed"] = op.counters.tasks_failed;
  out["rows_in"] = op.counters.rows_in;
  out["rows_out"] = op.rows();
  out["rows_total"] = rows_total;
  out["blocks_out"] = op.counters.blocks_out;
  out["bytes_out"] = op.counters.bytes_out;
  out["queued_blocks"] = op.queued_blocks;
  out["queued_bytes"] = op.queued_bytes;
  out["actors"] = op.actors;
  out["backpressure"] = op.counters.backpressure_policy;
  out["backpressure_s"] = op.counters.backpressure_s;
  out["why_not"] = op.why_not;
  out["tasks_paused"] = op.num_paused;
  out["held_bytes"] = op.counters.held_bytes;
  out["wall_s"] = op.counters.wall_s.sum;
  out["cpu_s"] = op.counters.cpu_s.sum;
  out["udf_s"] = op.counters.udf_s.sum;
  out["peak_rss_bytes"] = op.counters.peak_rss_bytes;
  out["skipped_inputs"] = op.counters.skipped_inputs;
  return out;
}

nb::dict Progress(const Execution& self) {
  const RunSnapshot run = self.snapshot();
  nb::dict out;
  nb::list operators;
  const std::vector<int64_t> totals = observe::EstimateTotalRows(run);
  for (size_t i = 0; i < run.operators.size(); ++i) {
    if (run.operators[i].runs_tasks) operators.append(OperatorDict(run.operators[i], totals[i]));
  }
  out["dataset_id"] = run.dataset_id;
  out["plan"] = run.plan;
  out["rows"] = run.rows;
  out["rows_total"] = totals.empty() ? -1 : totals.back();
  out["seconds"] = run.seconds;
  out["done"] = run.done;
  out["spilled_bytes"] = run.store.spilled_bytes;
  out["operators"] = operators;
  return out;
}

}  // namespace

void BindExecution(nb::module_& module) {
  nb::class_<DataContext>(module, "ExecutionConfig")
      .def(nb::init<>())
      .def_rw("target_max_block_size", &DataContext::target_max_block_size)
      .def_rw("target_min_block_size", &DataContext::target_min_block_size)
      .def_rw("target_shuffle_max_block_size", &DataContext::target_shuffle_max_block_size)
      .def_rw("default_hash_shuffle_parallelism", &DataContext::default_hash_shuffle_parallelism)
      .def_rw("read_op_min_num_blocks", &DataContext::read_op_min_num_blocks)
      .def_rw("streaming_read_buffer_size", &DataContext::streaming_read_buffer_size)
      .def_rw("preserve_order", &DataContext::preserve_order)
      .def_rw("limit_cpu", &DataContext::limit_cpu)
      .def_rw("limit_gpu", &DataContext::limit_gpu)
      .def_rw("limit_object_store_memory", &DataContext::limit_object_store_memory)
      .def_rw("limit_memory", &DataContext::limit_memory)
      .def_rw("warn_on_driver_memory_usage_bytes", &DataContext::warn_on_driver_memory_usage_bytes)
      .def_rw("max_errored_blocks", &DataContext::max_errored_blocks)
      .def_rw("max_tasks_in_flight_per_actor", &DataContext::max_tasks_in_flight_per_actor)
      .def_rw("max_task_retries", &DataContext::max_task_retries)
      .def_rw("actor_min_running", &DataContext::actor_min_running)
      .def_rw("actor_max_running", &DataContext::actor_max_running)
      .def_rw("actor_scale_up_threshold", &DataContext::actor_scale_up_threshold)
      .def_rw("actor_scale_down_threshold", &DataContext::actor_scale_down_threshold)
      .def_rw("actor_max_upscaling_delta", &DataContext::actor_max_upscaling_delta)
      .def_rw("op_resource_reservation_enabled", &DataContext::op_resource_reservation_enabled)
      .def_rw("op_resource_reservation_ratio", &DataContext::op_resource_reservation_ratio)
      .def_rw("inline_udfs", &DataContext::inline_udfs)
      .def_rw("eager_free", &DataContext::eager_free)
      .def_rw("max_blocks_in_streaming_gen_buffer",
              &DataContext::max_blocks_in_streaming_gen_buffer)
      .def_rw("backpressure_policies", &DataContext::backpressure_policies)
      .def_rw("trace_allocations", &DataContext::trace_allocations)
      .def_rw("execution_no_progress_timeout_s", &DataContext::execution_no_progress_timeout_s)
      .def_rw("verbose_stats", &DataContext::verbose_stats)
      .def_rw("disabled_rules", &DataContext::disabled_rules);

  nb::class_<task::BlockRef>(module, "BlockRef")
      .def_ro("num_rows", &task::BlockRef::num_rows)
      .def_ro("size_bytes", &task::BlockRef::size_bytes)
      .def_prop_ro("schema", [](const task::BlockRef& self) { return SchemaHandle{self.schema()}; })
      .def_prop_ro("resident", [](const task::BlockRef& self) { return self.object->resident(); })
      .def("load",
           [](const task::BlockRef& self) {
             auto block = [&] {
               nb::gil_scoped_release nogil;  // may read from disk
               return self.Load();
             }();
             return ValueOrRaise(std::move(block));
           })
      .def("slice",
           [](const task::BlockRef& self, int64_t offset, int64_t length) {
             const task::RefBundle part = task::RefBundle(self).Slice(offset, length);
             if (part.empty()) throw nb::index_error("the slice has no rows");
             return part.blocks().front();
           })
      .def("prefetch", [](const task::BlockRef& self) { task::PrefetchBlocks(&self, &self + 1); });

  nb::class_<BatchIterator>(module, "BatchIterator")
      .def("next", &NextBatch, "Next batch, or None at the end.")
      .def("timings", [](const BatchIterator& self) {
        nb::dict out;
        out["blocked_s"] = self.blocked_s();
        return out;
      });

  nb::class_<Execution>(module, "Execution")
      .def("next_block", &NextBlock)
      .def("next_refs", &NextRefs)
      .def(
          "batches",
          [](std::shared_ptr<Execution> self, int64_t batch_size, bool drop_last,
             int64_t prefetch_batches, int64_t shuffle_buffer_rows,
             std::optional<int64_t> shuffle_seed) {
            api::BatchOptions options;
            options.batch_size = batch_size;
            options.drop_last = drop_last;
            options.prefetch_batches = prefetch_batches;
            options.shuffle_buffer_rows = shuffle_buffer_rows;
            if (shuffle_seed) options.shuffle_seed = static_cast<uint64_t>(*shuffle_seed);
            return DestroyedWithoutGil(std::make_unique<BatchIterator>(std::move(self), options));
          },
          nb::arg("batch_size"), nb::arg("drop_last"), nb::arg("prefetch_batches"),
          nb::arg("shuffle_buffer_rows"), nb::arg("shuffle_seed").none())
      .def("join", &Join)
      .def("cancel",
           [](Execution& self) {
             nb::gil_scoped_release nogil;  // waits for what runs
             self.Cancel();
           })
      .def("progress", &Progress)
      .def("stats_summary", &Progress)
      .def(
          "stats",
          [](const Execution& self, bool verbose) {
            return observe::StatsReport(self.snapshot(), verbose);
          },
          nb::arg("verbose") = false);
}

}  // namespace headrace::bindings
