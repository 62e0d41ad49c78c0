// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::fuzz {

/// The input as what parsers take. Copied, so that a read behind its end is seen.
inline std::string Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::shared_ptr<arrow::io::BufferReader> Stream(const uint8_t* data, size_t size) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(Text(data, size)));
}

/// Ends the process when `condition` does not hold: then the input is a finding.
inline void Require(bool condition, std::string_view what) {
  if (condition) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// A block that a parser gives holds together, whatever it was given.
inline void RequireValid(const Block& block) {
  const Status valid = block.batch()->ValidateFull();
  Require(valid.ok(), valid.ToString());
}

}  // namespace headrace::fuzz
