// SPDX-License-Identifier: Apache-2.0
#include <Python.h>
// Needs Python.h before it.
#include <datetime.h>

#include "bindings/time_arrays.h"

#include <arrow/buffer_builder.h>
#include <arrow/builder.h>

#include <chrono>

#include "bindings/nullable_objects.h"
#include "bindings/raise.h"

namespace headrace::bindings {
namespace {

int64_t DaysSinceEpoch(PyObject* date) {
  static_cast<void>(
      PyDateTimeAPI);  // defined by the header, of which only the macros are used here
  using namespace std::chrono;
  const year_month_day day{year{PyDateTime_GET_YEAR(date)},
                           month{static_cast<unsigned>(PyDateTime_GET_MONTH(date))},
                           std::chrono::day{static_cast<unsigned>(PyDateTime_GET_DAY(date))}};
  return sys_days{day}.time_since_epoch().count();
}

std::shared_ptr<arrow::Array> Int64Array(std::shared_ptr<arrow::DataType> type,
                                         const std::vector<int64_t>& numbers, int64_t divisor,
                                         const std::vector<nb::object>& values) {
  arrow::TypedBufferBuilder<int64_t> buffer;
  RaiseIfError(buffer.Reserve(static_cast<int64_t>(numbers.size())));
  for (const int64_t number : numbers) buffer.UnsafeAppend(number / divisor);
  int64_t null_count = 0;
  auto validity = Validity(values, &null_count);
  return arrow::MakeArray(
      arrow::ArrayData::Make(std::move(type), static_cast<int64_t>(numbers.size()),
                             {validity, ValueOrRaise(buffer.Finish())}, null_count));
}

}  // namespace

std::shared_ptr<arrow::Array> TimestampArray(const std::vector<nb::object>& values) {
  std::vector<int64_t> micros;
  micros.reserve(values.size());
  bool whole_seconds = true;
  bool whole_millis = true;
  for (const nb::object& value : values) {
    if (!value) {
      micros.push_back(0);
      continue;
    }
    PyObject* time = value.ptr();
    const int64_t seconds = DaysSinceEpoch(time) * 86'400 + PyDateTime_DATE_GET_HOUR(time) * 3'600 +
                            PyDateTime_DATE_GET_MINUTE(time) * 60 +
                            PyDateTime_DATE_GET_SECOND(time);
    const int fraction = PyDateTime_DATE_GET_MICROSECOND(time);
    whole_seconds = whole_seconds && fraction == 0;
    whole_millis = whole_millis && fraction % 1000 == 0;
    micros.push_back(seconds * 1'000'000 + fraction);
  }
  const auto unit = whole_seconds  ? arrow::TimeUnit::SECOND
                    : whole_millis ? arrow::TimeUnit::MILLI
                                   : arrow::TimeUnit::MICRO;
  const int64_t divisor = whole_seconds ? 1'000'000 : whole_millis ? 1'000 : 1;
  return Int64Array(arrow::timestamp(unit), micros, divisor, values);
}

std::shared_ptr<arrow::Array> DurationArray(const std::vector<nb::object>& values) {
  std::vector<int64_t> micros;
  for (const nb::object& value : values) {
    PyObject* delta = value.ptr();
    micros.push_back(value ? (PyDateTime_DELTA_GET_DAYS(delta) * int64_t{86'400} +
                              PyDateTime_DELTA_GET_SECONDS(delta)) *
                                     1'000'000 +
                                 PyDateTime_DELTA_GET_MICROSECONDS(delta)
                           : 0);
  }
  return Int64Array(arrow::duration(arrow::TimeUnit::MICRO), micros, 1, values);
}

std::shared_ptr<arrow::Array> DateArray(const std::vector<nb::object>& values) {
  arrow::Date32Builder builder;
  for (const nb::object& value : values) {
    RaiseIfError(value ? builder.Append(static_cast<int32_t>(DaysSinceEpoch(value.ptr())))
                       : builder.AppendNull());
  }
  return ValueOrRaise(builder.Finish());
}

}  // namespace headrace::bindings
