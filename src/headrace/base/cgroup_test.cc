// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/cgroup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace headrace {
namespace {

class CgroupTest : public testing::Test {
 protected:
  CgroupTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("headrace-cgroup-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "mount");
    paths_ = {folder_ / "membership", folder_ / "mount"};
  }
  ~CgroupTest() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text << "\n";
  }
  std::filesystem::path folder_;
  CgroupPaths paths_;
};

TEST_F(CgroupTest, NothingMountedIsNoLimit) {
  EXPECT_EQ(CgroupMemoryLimit(paths_), std::nullopt);
  EXPECT_EQ(CgroupCpuLimit(paths_), std::nullopt);
}

TEST_F(CgroupTest, Version2TakesTheSmallestLimitUpToTheRoot) {
  Write("membership", "0::/slice/job");
  Write("mount/slice/job/memory.max", "max");
  Write("mount/slice/memory.max", "3000");
  Write("mount/memory.max", "5000");
  EXPECT_EQ(CgroupMemoryLimit(paths_), 3000);
  Write("mount/slice/job/memory.high", "2000");
  EXPECT_EQ(CgroupMemoryLimit(paths_), 2000);
}

TEST_F(CgroupTest, Version1TakesTheSmallestLimitUpToTheRoot) {
  Write("membership", "9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/a");
  Write("mount/memory/a/b/memory.limit_in_bytes", "4000");
  Write("mount/memory/a/memory.limit_in_bytes", "1000");
  Write("mount/memory/memory.limit_in_bytes", "9223372036854771712");
  Write("mount/cpu/a/cpu.cfs_quota_us", "150000");
  Write("mount/cpu/a/cpu.cfs_period_us", "100000");
  Write("mount/cpu/cpu.cfs_quota_us", "-1");
  Write("mount/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(CgroupMemoryLimit(paths_), 1000);
  EXPECT_EQ(CgroupCpuLimit(paths_), 1.5);
}

TEST_F(CgroupTest, AHugeNumberIsVersion1sWordForNone) {
  Write("membership", "4:memory:/");
  Write("mount/memory/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(CgroupMemoryLimit(paths_), std::nullopt);
}

TEST_F(CgroupTest, AContainerSeesOnlyItsRoot) {
  Write("membership", "0::/kubepods/pod1/container");
  Write("mount/memory.max", "700");
  Write("mount/cpu.max", "50000 100000");
  EXPECT_EQ(CgroupMemoryLimit(paths_), 700);
  EXPECT_EQ(CgroupCpuLimit(paths_), 0.5);
}

TEST_F(CgroupTest, BothVersionsAtOnce) {
  Write("membership", "4:memory:/job\n0::/");
  Write("mount/memory/job/memory.limit_in_bytes", "4000");
  Write("mount/unified/memory.max", "2500");
  EXPECT_EQ(CgroupMemoryLimit(paths_), 2500);
}

}  // namespace
}  // namespace headrace
