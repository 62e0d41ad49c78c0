// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headrace {

/// Where a process finds its control groups.
struct CgroupPaths {
  std::string membership = "/proc/self/cgroup";
  std::string mount = "/sys/fs/cgroup";
};

/// Bytes that the control groups of this process allow it, versions 1 and 2: the smallest limit
/// from its own group up to the root that it can see. nullopt: no limit.
std::optional<int64_t> CgroupMemoryLimit(const CgroupPaths& paths = {});

/// CPUs that they allow it, as quota / period; fractions are possible. nullopt: no limit.
std::optional<double> CgroupCpuLimit(const CgroupPaths& paths = {});

}  // namespace headrace
