// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// Strings seen lately, so that a column of few distinct values makes few objects. Gives up when
/// the values turn out to be mostly distinct.
class StringMemo {
 public:
  PyObject* Get(std::string_view text) {
    if (!enabled_ || text.size() > kMaxSize) return Decode(text);
    ++lookups_;
    Slot& slot = slots_[Hash(text) % kSlots];
    if (slot.object && slot.text == text) {
      ++hits_;
      return Py_NewRef(slot.object.ptr());
    }
    if (lookups_ == kTrialLookups && hits_ < kTrialLookups / 2) {
      enabled_ = false;
      slots_.fill({});
      return Decode(text);
    }
    PyObject* object = Decode(text);
    if (object != nullptr) slot = {text, nb::borrow(object)};
    return object;
  }

 private:
  static constexpr size_t kMaxSize = 32;
  static constexpr size_t kSlots = 512;
  static constexpr int kTrialLookups = 2048;
  struct Slot {
    std::string_view text;  // points into the array
    nb::object object;
  };

  static PyObject* Decode(std::string_view text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  }
  static uint64_t Hash(std::string_view text) {
    uint64_t head = 0;
    uint64_t tail = 0;
    const size_t size = std::min<size_t>(text.size(), 8);
    std::memcpy(&head, text.data(), size);
    std::memcpy(&tail, text.data() + text.size() - size, size);
    const uint64_t mixed =
        (head ^ (tail * 0x9E3779B97F4A7C15ULL) ^ text.size()) * 0xD6E8FEB86659FD93ULL;
    return mixed >> 40;
  }

  std::array<Slot, kSlots> slots_;
  int lookups_ = 0;
  int hits_ = 0;
  bool enabled_ = true;
};

}  // namespace headrace::bindings
