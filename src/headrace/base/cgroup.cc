// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/cgroup.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

namespace headrace {
namespace {

/// A limit that no machine reaches: version 1 writes "none" as a number like this.
constexpr double kNoLimit = 1e18;

/// The numbers in a file; "max" and what else is no number counts as none.
std::vector<double> NumbersIn(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<double> numbers;
  for (std::string word; file >> word;) {
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    numbers.push_back(end == word.c_str() ? -1 : value);
  }
  return numbers;
}

/// Folders of the groups of this process for `controller`, its own first, then its parents. Folders
/// that are not there are left out: a container may see only the end of the path, or only the root.
std::vector<std::filesystem::path> GroupFolders(const CgroupPaths& paths,
                                                const std::string& controller) {
  std::vector<std::filesystem::path> folders;
  const auto add = [&](const std::filesystem::path& mount, const std::string& group) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(mount, ignored)) return;
    std::filesystem::path below = std::filesystem::path(group).relative_path();
    while (true) {
      if (std::filesystem::is_directory(mount / below, ignored)) folders.push_back(mount / below);
      if (below.empty()) return;
      below = below.parent_path();
    }
  };
  std::ifstream file(paths.membership);
  for (std::string line; std::getline(file, line);) {
    // "4:memory:/group", "4:cpu,cpuacct:/group", and "0::/group" for version 2.
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string group = line.substr(second + 1);
    std::stringstream controllers(line.substr(first + 1, second - first - 1));
    if (second == first + 1) {
      add(paths.mount, group);
      add(paths.mount + "/unified", group);
    }
    for (std::string name; std::getline(controllers, name, ',');) {
      if (name == controller) add(paths.mount + "/" + name, group);
    }
  }
  if (folders.empty()) {  // no membership to read: the roots
    add(paths.mount, "");
    add(paths.mount + "/" + controller, "");
  }
  return folders;
}

std::optional<double> Smallest(const CgroupPaths& paths, const std::string& controller,
                               const std::function<double(const std::filesystem::path&)>& limit) {
  double smallest = kNoLimit;
  for (const auto& folder : GroupFolders(paths, controller)) {
    const double found = limit(folder);
    if (found > 0) smallest = std::min(smallest, found);
  }
  if (smallest >= kNoLimit) return std::nullopt;
  return smallest;
}

}  // namespace

std::optional<int64_t> CgroupMemoryLimit(const CgroupPaths& paths) {
  const auto limit = Smallest(paths, "memory", [](const std::filesystem::path& folder) {
    double smallest = kNoLimit;
    for (const char* name : {"memory.max", "memory.high", "memory.limit_in_bytes"}) {
      const auto numbers = NumbersIn(folder / name);
      if (!numbers.empty() && numbers[0] > 0) smallest = std::min(smallest, numbers[0]);
    }
    return smallest;
  });
  if (!limit) return std::nullopt;
  return static_cast<int64_t>(*limit);
}

std::optional<double> CgroupCpuLimit(const CgroupPaths& paths) {
  return Smallest(paths, "cpu", [](const std::filesystem::path& folder) {
    const auto both = NumbersIn(folder / "cpu.max");  // version 2: quota and period
    if (both.size() >= 2 && both[0] > 0 && both[1] > 0) return both[0] / both[1];
    const auto quota = NumbersIn(folder / "cpu.cfs_quota_us");
    const auto period = NumbersIn(folder / "cpu.cfs_period_us");
    if (quota.empty() || period.empty() || quota[0] <= 0 || period[0] <= 0) return kNoLimit;
    return quota[0] / period[0];
  });
}

}  // namespace headrace
