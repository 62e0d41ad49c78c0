// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/overflow_file.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

namespace headrace::datasource {
namespace {

TEST(OverflowFileTest, GivesTheBytesBackFromMemoryAndFromDisk) {
  for (const int64_t memory_bytes : {0, 10, 2'999'999, 3'000'000, 10'000'000}) {
    OverflowFile overflow(memory_bytes);
    std::string expected;
    for (int i = 0; i < 3; ++i) {
      std::string part(1'000'000, static_cast<char>('a' + i));
      part.back() = '\0';
      ASSERT_TRUE(overflow.Append(part.data(), static_cast<int64_t>(part.size())).ok());
      expected += part;
    }
    const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
    ASSERT_TRUE(overflow.CopyTo(out.get()).ok());
    EXPECT_EQ(out->Finish().ValueOrDie()->ToString(), expected) << memory_bytes;
  }
}

TEST(OverflowFileTest, OfNothingIsNothing) {
  OverflowFile overflow(0);
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  ASSERT_TRUE(overflow.CopyTo(out.get()).ok());
  EXPECT_EQ(out->Finish().ValueOrDie()->size(), 0);
}

}  // namespace
}  // namespace headrace::datasource
