// SPDX-License-Identifier: Apache-2.0
#include <Python.h>
// Needs Python.h before it.
#include <datetime.h>

#include "bindings/time_cells.h"

#include <chrono>
#include <optional>
#include <vector>

#include "bindings/cell_loop.h"

namespace headrace::bindings {
namespace {

void ImportDatetime() {
  if (PyDateTimeAPI != nullptr) return;
  PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) throw nb::python_error();
}

PyObject* NewDate(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return PyDate_FromDate(static_cast<int>(date.year()),
                         static_cast<int>(static_cast<unsigned>(date.month())),
                         static_cast<int>(static_cast<unsigned>(date.day())));
}

PyObject* NewDatetime(int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{micros}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return PyDateTime_FromDateAndTime(
      static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
      static_cast<int>(static_cast<unsigned>(date.day())), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
}

PyObject* NewTimedelta(int64_t micros) {
  constexpr int64_t kPerSecond = 1'000'000;
  constexpr int64_t kPerDay = 86'400 * kPerSecond;
  int64_t days = micros / kPerDay;
  int64_t rest = micros % kPerDay;
  if (rest < 0) {
    rest += kPerDay;
    --days;
  }
  return PyDelta_FromDSU(static_cast<int>(days), static_cast<int>(rest / kPerSecond),
                         static_cast<int>(rest % kPerSecond));
}

/// Values of a timestamp or duration array in microseconds; nullopt when they do not fit exactly.
std::optional<std::shared_ptr<std::vector<int64_t>>> Microseconds(const arrow::Array& array,
                                                                  arrow::TimeUnit::type unit) {
  const auto* values = array.data()->GetValues<int64_t>(1);
  auto result = std::make_shared<std::vector<int64_t>>(array.length());
  const int64_t factor = unit == arrow::TimeUnit::SECOND  ? 1'000'000
                         : unit == arrow::TimeUnit::MILLI ? 1'000
                                                          : 1;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    if (unit == arrow::TimeUnit::NANO) {
      if (values[i] % 1000 != 0) return std::nullopt;
      (*result)[i] = values[i] / 1000;
    } else if (__builtin_mul_overflow(values[i], factor, &(*result)[i])) {
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace

std::unique_ptr<CellReader> DateCells(const std::shared_ptr<arrow::Array>& array) {
  ImportDatetime();
  const int32_t* days = static_cast<const arrow::Date32Array&>(*array).raw_values();
  return Loop(array, [days](int64_t i) { return NewDate(days[i]); });
}

std::unique_ptr<CellReader> TimestampCells(const std::shared_ptr<arrow::Array>& array) {
  ImportDatetime();
  const auto& type = static_cast<const arrow::TimestampType&>(*array->type());
  if (!type.timezone().empty()) return nullptr;
  auto micros = Microseconds(*array, type.unit());
  if (!micros) return nullptr;
  return Loop(array, [micros = *micros](int64_t i) { return NewDatetime((*micros)[i]); });
}

std::unique_ptr<CellReader> DurationCells(const std::shared_ptr<arrow::Array>& array) {
  ImportDatetime();
  const auto& type = static_cast<const arrow::DurationType&>(*array->type());
  auto micros = Microseconds(*array, type.unit());
  if (!micros) return nullptr;
  return Loop(array, [micros = *micros](int64_t i) { return NewTimedelta((*micros)[i]); });
}

}  // namespace headrace::bindings
