// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/append_bytes.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

namespace headrace::io {
namespace {

TEST(AppendBytesTest, TakesSoManyBytesOrWhatIsLeft) {
  const std::string content(3'000'000, 'x');
  arrow::io::BufferReader stream(arrow::Buffer::FromString(content));
  std::string out = "begin";
  ASSERT_TRUE(AppendBytes(stream, 2'500'000, &out).ok());
  EXPECT_EQ(out.size(), 2'500'005);
  EXPECT_EQ(out.substr(0, 7), "beginxx");
  out.clear();
  ASSERT_TRUE(AppendBytes(stream, int64_t{1} << 60, &out).ok())
      << "no memory for what is not there";
  EXPECT_EQ(out.size(), 500'000);
  ASSERT_TRUE(AppendBytes(stream, 1, &out).ok());
  EXPECT_EQ(out.size(), 500'000);
}

}  // namespace
}  // namespace headrace::io
