// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace {

/// Writes values one after the other in the form that WireReader reads. The form is ours, between
/// processes of one machine and one version: it is never written to a file that outlives a job.
class WireWriter {
 public:
  void U64(uint64_t value) { Raw(&value, sizeof(value)); }
  void I64(int64_t value) { Raw(&value, sizeof(value)); }
  void F64(double value) { Raw(&value, sizeof(value)); }
  void Bool(bool value) { bytes_.push_back(value ? 1 : 0); }
  void Str(std::string_view value) {
    U64(value.size());
    bytes_.append(value);
  }
  void Strs(const std::vector<std::string>& values) {
    U64(values.size());
    for (const auto& value : values) Str(value);
  }
  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  void Raw(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  std::string bytes_;
};

/// Reads what WireWriter wrote. Reading past the end gives zero values and is remembered, so a
/// reader checks `Finish()` once at the end instead of after each value.
class WireReader {
 public:
  /// Borrows `bytes`.
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t U64() { return Raw<uint64_t>(); }
  int64_t I64() { return Raw<int64_t>(); }
  double F64() { return Raw<double>(); }
  bool Bool() { return Raw<uint8_t>() != 0; }
  /// Points into the bytes given to the constructor.
  std::string_view View() {
    const uint64_t size = U64();
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  std::string Str() { return std::string(View()); }
  std::vector<std::string> Strs() {
    std::vector<std::string> values(Count());
    for (auto& value : values) value = Str();
    return values;
  }
  /// A number of items that follow; 0 and failed if that many cannot be there.
  uint64_t Count() {
    const uint64_t count = U64();
    if (count > rest_.size()) failed_ = true;
    return failed_ ? 0 : count;
  }
  bool AtEnd() const { return rest_.empty(); }
  bool failed() const { return failed_; }
  Status Finish() const {
    return failed_ ? Status::SerializationError("message ends too early") : Status::OK();
  }

 private:
  template <typename T>
  T Raw() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      failed_ = true;
      rest_ = {};
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace headrace
