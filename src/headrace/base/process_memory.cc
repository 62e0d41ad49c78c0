// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/process_memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "headrace/base/unique_fd.h"

namespace headrace {
namespace {

constexpr int64_t kKib = 1024;

/// The file in `buffer`; empty when there is none.
template <size_t kSize>
std::string_view ReadFile(const std::string& path, std::array<char, kSize>* buffer) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  size_t size = 0;
  while (size < kSize) {
    const ssize_t got = read(fd.get(), buffer->data() + size, kSize - size);
    if (got <= 0) break;
    size += static_cast<size_t>(got);
  }
  return {buffer->data(), size};
}

/// The number after `name` at the start of a line, in KiB; 0 when there is none.
int64_t Field(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  return std::strtoll(text.data() + at + name.size(), nullptr, 10) * kKib;
}

std::string ProcPath(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

}  // namespace

std::optional<int64_t> AnonymousBytes(pid_t pid) {
  std::array<char, 128> buffer{};
  const std::string_view text = ReadFile(ProcPath(pid, "statm"), &buffer);
  // Pages: size, resident, shared (files and shared memory), …
  long long size = 0;
  long long resident = 0;
  long long shared = 0;
  if (text.empty() ||
      std::sscanf(std::string(text).c_str(), "%lld %lld %lld", &size, &resident, &shared) != 3) {
    return std::nullopt;
  }
  static const int64_t page = sysconf(_SC_PAGESIZE);
  return (resident - shared) * page;
}

std::optional<ProportionalBytes> ProportionalMemory(pid_t pid) {
  std::array<char, 2048> buffer{};
  const std::string_view text = ReadFile(ProcPath(pid, "smaps_rollup"), &buffer);
  if (text.empty()) return std::nullopt;
  return ProportionalBytes{Field(text, "\nPss_Anon:"), Field(text, "\nPss_Shmem:"),
                           Field(text, "\nPss_File:")};
}

bool ResetPeakResident() {
  const UniqueFd fd(open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));
  return fd.valid() && write(fd.get(), "5", 1) == 1;
}

int64_t PeakResidentBytes() {
  std::array<char, 4096> buffer{};
  return Field(ReadFile("/proc/self/status", &buffer), "\nVmHWM:");
}

void RaiseOpenFilesLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace headrace
