// SPDX-License-Identifier: Apache-2.0
#include "headrace/observe/stats_report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace headrace::observe {
namespace {

using Spread = exec::OperatorCounters::Spread;

__attribute__((format(printf, 1, 2))) std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

double Mean(const Spread& spread) {
  return spread.count == 0 ? 0 : spread.sum / static_cast<double>(spread.count);
}

std::string FormatCount(double count) { return Format("%.0f", count); }

std::string FormatRate(double rows, double seconds) {
  const double rate = seconds > 0 ? rows / seconds : 0.0;
  return Format(rate < 100 ? "%.2f rows/s" : "%.0f rows/s", rate);
}

std::string Count(int64_t number, const char* what) {
  return Format("%lld %s%s", static_cast<long long>(number), what, number == 1 ? "" : "s");
}

/// "* what: 1 min, 2 max, 1.5 mean, 3 total".
std::string SpreadLine(const char* what, const Spread& spread, std::string (*format)(double),
                       const std::string& last = {}) {
  return "* " + std::string(what) + ": " + format(spread.min) + " min, " + format(spread.max) +
         " max, " + format(Mean(spread)) + " mean, " +
         (last.empty() ? format(spread.sum) + " total" : last) + "\n";
}

std::string Remarks(const exec::OperatorSnapshot& op, bool allocations) {
  const exec::OperatorCounters& c = op.counters;
  std::string text;
  if (c.peak_rss_bytes > 0) {
    text += "* Peak worker memory: " + FormatBytes(static_cast<double>(c.peak_rss_bytes)) + "\n";
  }
  if (c.peak_heap_bytes > 0) {
    text +=
        "* Peak working memory of a task: " + FormatBytes(static_cast<double>(c.peak_heap_bytes)) +
        "\n";
  }
  if (!op.actors.empty() && !op.done) text += "* Actors: " + op.actors + "\n";
  if (c.skipped_inputs > 0) {
    text += "* Left out: " + Count(c.skipped_inputs, "input") + " that could not be read\n";
  }
  if (c.tasks_failed > 0) {
    text += "* Failed: " + Count(c.tasks_failed, "task") + ", tried again or dropped\n";
  }
  if (!c.backpressure.empty()) {
    text += "* Backpressure: ";
    for (const auto& blocked : c.backpressure) {
      if (&blocked != &c.backpressure.front()) text += ", ";
      text += blocked.policy + " " + FormatSeconds(blocked.seconds);
    }
    text += " in which a task was ready or paused\n";
  }
  if (allocations) {
    text += "* Held in the object store: " + FormatBytes(static_cast<double>(c.peak_held_bytes)) +
            " at most, " + FormatBytes(static_cast<double>(c.held_bytes)) + " at the end\n";
  }
  return text;
}

std::string OperatorSection(int number, const exec::OperatorSnapshot& op, bool verbose,
                            bool allocations) {
  const exec::OperatorCounters& c = op.counters;
  const double seconds = std::max(0.0, c.last_end_s - std::max(0.0, c.first_start_s));
  const auto rows = static_cast<double>(op.rows());
  std::string text = Format("Operator %d ", number) + op.name + ": " + Count(c.tasks_done, "task") +
                     " executed, " + Count(c.blocks_out, "block") + " produced in " +
                     FormatSeconds(seconds) + "\n";
  text += SpreadLine("Remote wall time", c.wall_s, FormatSeconds);
  text += SpreadLine("Remote cpu time", c.cpu_s, FormatSeconds);
  if (c.udf_s.sum > 0 || verbose) text += SpreadLine("UDF time", c.udf_s, FormatSeconds);
  if (c.rows_consumed == 0) {  // else the blocks are receipts
    text += SpreadLine("Output num rows per block", c.block_rows, FormatCount);
    text += SpreadLine("Output size per block", c.block_bytes, FormatBytes);
  }
  text += SpreadLine("Output rows per task", c.task_rows, FormatCount,
                     Count(c.task_rows.count, "task") + " used");
  text += Remarks(op, allocations);
  text += "* Operator throughput:\n";
  if (op.input_is_rows) text += "\t* Total input num rows: " + Count(c.rows_in, "row") + "\n";
  text += "\t* Total output num rows: " + Count(op.rows(), "row") + "\n";
  text += "\t* Operator throughput: " + FormatRate(rows, seconds) + "\n";
  text += "\t* Estimated single task throughput: " + FormatRate(rows, c.wall_s.sum) + "\n";
  return text;
}

}  // namespace

std::string FormatSeconds(double seconds) {
  if (seconds < 1e-3) return Format("%.2fus", seconds * 1e6);
  if (seconds < 1) return Format("%.2fms", seconds * 1e3);
  return Format("%.2fs", seconds);
}

std::string FormatBytes(double bytes) {
  if (bytes < 1 << 10) return Format("%.0fB", bytes);
  if (bytes < 1 << 20) return Format("%.1fKiB", bytes / (1 << 10));
  if (bytes < 1 << 30) return Format("%.1fMiB", bytes / (1 << 20));
  return Format("%.2fGiB", bytes / (1 << 30));
}

std::string StatsReport(const exec::RunSnapshot& run, bool verbose) {
  std::string text;
  int number = 0;
  for (const auto& op : run.operators) {
    if (!op.runs_tasks) continue;
    if (number > 0) text += "\n";
    text += OperatorSection(++number, op, verbose, run.trace_allocations);
  }
  if (number == 0) return text;
  text += "\nDataset throughput:\n";
  text += "\t* Rows: " + Count(run.rows, "row") + " in " + FormatSeconds(run.seconds) + "\n";
  text += "\t* Throughput: " + FormatRate(static_cast<double>(run.rows), run.seconds) + "\n";
  if (run.spilled_bytes > 0) {
    text += "\t* Spilled to disk: " + FormatBytes(static_cast<double>(run.spilled_bytes)) +
            ", read back: " + FormatBytes(static_cast<double>(run.restored_bytes)) + "\n";
  }
  if (verbose) text += "Plan: " + run.plan + "\n";
  return text;
}

}  // namespace headrace::observe
