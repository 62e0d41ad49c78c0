// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "headrace/base/status.h"

namespace headrace::compute {

/// Room for numbers in the memory of a pool, not set to anything. Move-only.
template <typename T>
class PoolArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  PoolArray() = default;
  static Result<PoolArray> Make(int64_t size, arrow::MemoryPool* pool) {
    PoolArray array;
    ARROW_ASSIGN_OR_RAISE(array.buffer_,
                          arrow::AllocateBuffer(size * static_cast<int64_t>(sizeof(T)), pool));
    array.size_ = size;
    return array;
  }

  int64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return buffer_ ? reinterpret_cast<T*>(buffer_->mutable_data()) : nullptr; }
  const T* data() const { return buffer_ ? reinterpret_cast<const T*>(buffer_->data()) : nullptr; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }
  std::span<T> span() { return {data(), static_cast<size_t>(size_)}; }
  std::span<const T> span() const { return {data(), static_cast<size_t>(size_)}; }

 private:
  std::unique_ptr<arrow::Buffer> buffer_;
  int64_t size_ = 0;
};

}  // namespace headrace::compute
