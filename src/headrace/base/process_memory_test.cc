// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/process_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace headrace {
namespace {

constexpr int64_t kMib = 1 << 20;

/// Touched pages, private or shared.
class Pages {
 public:
  Pages(int64_t bytes, int kind) : bytes_(bytes) {
    data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    std::memset(data_, 1, bytes);
  }
  ~Pages() { munmap(data_, bytes_); }

 private:
  void* data_;
  int64_t bytes_;
};

TEST(ProcessMemoryTest, AnonymousBytesAreThoseOfTheProcessAlone) {
  const int64_t before = AnonymousBytes(getpid()).value();
  const Pages shared(64 * kMib, MAP_SHARED);
  EXPECT_LT(AnonymousBytes(getpid()).value(), before + 16 * kMib);
  const Pages own(64 * kMib, MAP_PRIVATE);
  EXPECT_GE(AnonymousBytes(getpid()).value(), before + 64 * kMib);
}

TEST(ProcessMemoryTest, ProportionalMemoryTellsTheKindsApart) {
  const auto before = ProportionalMemory(getpid()).value();
  const Pages shared(32 * kMib, MAP_SHARED);
  const Pages own(64 * kMib, MAP_PRIVATE);
  const auto after = ProportionalMemory(getpid()).value();
  EXPECT_GE(after.anonymous, before.anonymous + 64 * kMib);
  EXPECT_GE(after.shared_memory, before.shared_memory + 32 * kMib);
  EXPECT_LT(after.shared_memory, before.shared_memory + 48 * kMib);
  EXPECT_GT(after.file, 0);
}

TEST(ProcessMemoryTest, AProcessThatIsGoneHasNone) {
  EXPECT_EQ(AnonymousBytes(1 << 30), std::nullopt);
  EXPECT_FALSE(ProportionalMemory(1 << 30).has_value());
}

TEST(ProcessMemoryTest, ThePeakRemembersWhatIsGone) {
  if (!ResetPeakResident()) GTEST_SKIP() << "the kernel does not allow it";
  const int64_t before = PeakResidentBytes();
  { const Pages pages(64 * kMib, MAP_PRIVATE); }
  EXPECT_GE(PeakResidentBytes(), before + 63 * kMib);
  ASSERT_TRUE(ResetPeakResident());
  EXPECT_LT(PeakResidentBytes(), before + 32 * kMib);
}

}  // namespace
}  // namespace headrace
