// SPDX-License-Identifier: Apache-2.0
// Samples the proportional set size (PSS) of a tree of processes.
//
//   pss_sampler PID MARK INTERVAL_US    until standard input closes
//
// Of the tree are PID, whoever has MARK (NAME=value) in the environment it was started with, and
// children of these. Standard output:
//   + PID COMMAND                                        a process was found
//   s MONOTONIC_NS SHARED_KIB PID:PSS:ANON:SHMEM ...     one sample, KiB
// SHARED_KIB is what the memory files (memfd) held open in the tree occupy, mapped or not, or -1:
// it is looked up in every 25th sample only. More than the sum of SHMEM means that the PSS does not
// show all.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <set>
#include <string>

namespace {

std::string ReadAll(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char piece[8192];
  for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0;) text.append(piece, got);
  close(fd);
  return text;
}

int ParentOf(const std::string& pid) {
  const std::string stat = ReadAll("/proc/" + pid + "/stat");
  const size_t name_end = stat.rfind(')');  // the name may hold anything
  return name_end == std::string::npos ? -1 : std::atoi(stat.c_str() + name_end + 4);
}

long Field(const char* text, const char* name) {
  const char* at = std::strstr(text, name);
  return at == nullptr ? 0 : std::atol(at + std::strlen(name));
}

class Tree {
 public:
  Tree(int root, std::string mark) : root_(root), mark_(std::move(mark)) {}

  /// Takes in processes that started since the last call; forgets the dead ones.
  void Refresh() {
    std::set<int> alive;
    DIR* proc = opendir("/proc");
    for (dirent* entry; (entry = readdir(proc)) != nullptr;) {
      const int pid = std::atoi(entry->d_name);
      if (pid <= 0) continue;
      alive.insert(pid);
      if (!members_.count(pid) && !strangers_.count(pid)) Judge(pid);
    }
    closedir(proc);
    std::erase_if(strangers_, [&](int pid) { return !alive.count(pid); });
    std::erase_if(members_, [&](const auto& member) { return !alive.count(member.first); });
    for (auto& [pid, looks] : members_) {
      // Just found, it may not have got to its own program yet.
      if (++looks == 10) PrintCommand(pid);
    }
  }

  void PrintMembers() {
    char text[2048];
    for (const auto& member : members_) {
      const int pid = member.first;
      // Opened anew: an open file stays with the memory of the program that ran then, and a child
      // that has not got to its own yet may run in its parent's.
      const int fd = open(("/proc/" + std::to_string(pid) + "/smaps_rollup").c_str(), O_RDONLY);
      if (fd < 0) continue;  // it has ended
      const ssize_t got = read(fd, text, sizeof text - 1);
      close(fd);
      if (got <= 0) continue;
      text[got] = 0;
      std::printf(" %d:%ld:%ld:%ld", pid, Field(text, "\nPss:"), Field(text, "\nPss_Anon:"),
                  Field(text, "\nPss_Shmem:"));
    }
  }

  /// KiB in the memory files that the members have open, each file once.
  long SharedKib(dev_t memfd_device) const {
    std::set<ino_t> seen;
    long kib = 0;
    for (const auto& member : members_) {
      const std::string folder = "/proc/" + std::to_string(member.first) + "/fd";
      DIR* fds = opendir(folder.c_str());
      if (fds == nullptr) continue;
      for (dirent* entry; (entry = readdir(fds)) != nullptr;) {
        struct stat info;
        if (fstatat(dirfd(fds), entry->d_name, &info, 0) != 0) continue;
        if (info.st_dev == memfd_device && info.st_nlink == 0 && seen.insert(info.st_ino).second) {
          kib += info.st_blocks / 2;
        }
      }
      closedir(fds);
    }
    return kib;
  }

 private:
  void Judge(int pid) {
    const std::string name = std::to_string(pid);
    const int parent = ParentOf(name);
    const bool belongs = pid == root_ || members_.count(parent) ||
                         ReadAll("/proc/" + name + "/environ").find(mark_) != std::string::npos;
    if (!belongs) {
      strangers_.insert(pid);
      return;
    }
    members_[pid] = 0;
    PrintCommand(pid);
  }

  static void PrintCommand(int pid) {
    std::string command = ReadAll("/proc/" + std::to_string(pid) + "/cmdline").substr(0, 200);
    for (char& c : command) {
      if (c == '\0' || c == '\n') c = ' ';
    }
    std::printf("+ %d %s\n", pid, command.c_str());
  }

  const int root_;
  const std::string mark_;
  std::map<int, int> members_;  // pid -> how often it was looked at
  std::set<int> strangers_;
};

long Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s PID NAME=value INTERVAL_US\n", argv[0]);
    return 2;
  }
  setpriority(PRIO_PROCESS, 0, -10);  // refused without the right to: samples may then come late
  const long interval_ns = std::atol(argv[3]) * 1000;
  const int memfd = memfd_create("pss_sampler", MFD_CLOEXEC);
  struct stat memfd_info;
  fstat(memfd, &memfd_info);

  Tree tree(std::atoi(argv[1]), argv[2]);
  long next = Now();
  for (long sample = 0;; ++sample) {
    tree.Refresh();
    const long shared_kib = sample % 25 == 0 ? tree.SharedKib(memfd_info.st_dev) : -1;
    std::printf("s %ld %ld", Now(), shared_kib);
    tree.PrintMembers();
    std::printf("\n");
    // A sample that took longer than the interval is not made up for: the rows carry their time.
    next = std::max(next + interval_ns, Now());
    pollfd input{0, POLLIN, 0};
    const timespec rest{(next - Now()) / 1'000'000'000,
                        std::max(0L, (next - Now()) % 1'000'000'000)};
    if (ppoll(&input, 1, &rest, nullptr) > 0) break;
  }
  std::fflush(stdout);
  return 0;
}
