// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_checksum.h"

#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>

#include <string>

namespace headrace::store {
namespace {

TEST(ChecksumTest, IsXxh3HoweverTheBytesAreCut) {
  std::string bytes(300'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i % 251);
  const uint64_t expected = XXH3_64bits(bytes.data(), bytes.size());
  for (const size_t piece : {1'000'000, 65'536, 4'097, 64, 7}) {
    Checksum checksum;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      checksum.Add(bytes.data() + at, static_cast<int64_t>(std::min(piece, bytes.size() - at)));
    }
    EXPECT_EQ(checksum.value(), expected) << piece;
  }
}

TEST(ChecksumTest, OfNothingIsThatOfNothing) { EXPECT_EQ(Checksum().value(), XXH3_64bits("", 0)); }

}  // namespace
}  // namespace headrace::store
