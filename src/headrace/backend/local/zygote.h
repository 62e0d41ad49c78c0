// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"

namespace headrace::backend {

/// How to start Python for workers.
struct PythonOptions {
  std::string executable;             // empty: this process has no Python functions
  std::vector<std::string> sys_path;  // of the driver
};

/// The process that forks workers: Python with the core and numpy loaded, so that a worker is ready
/// in milliseconds. It ends, and its workers with it, when the driver closes the socket or dies.
/// One thread (the process lane's).
class Zygote {
 public:
  /// Starts the process and returns at once, while it still loads.
  static Result<std::unique_ptr<Zygote>> Start(const PythonOptions& python);
  /// Waits until the process and all its workers are gone.
  ~Zygote();

  /// Whom a worker is for. Those for actors share what was imported for actors as well.
  enum class Use : uint8_t { kTasks, kActor };

  /// Asks for a worker that owns copies of these descriptors.
  Status Fork(uint64_t worker_id, Use use, int socket_fd, int control_fd, int stdout_fd,
              int stderr_fd);

  /// Asks it to import `modules` before it forks the next worker for `use`, so that workers share
  /// them. What cannot be imported is left to whoever needs it.
  Status Preload(const std::vector<std::string>& modules, Use use);

  /// What the zygote reports.
  struct Event {
    enum class Kind : uint64_t { kForked = 1, kExited = 2 };
    Kind kind = Kind::kForked;
    uint64_t worker_id = 0;
    int64_t value = 0;  // process id, or wait status
  };
  /// Events that have arrived; fails when the zygote is gone.
  Result<std::vector<Event>> Poll();
  int fd() const { return socket_.get(); }
  pid_t pid() const { return pid_; }

 private:
  Zygote(UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  UniqueFd socket_;
  pid_t pid_;
};

/// "killed by signal 9 (Killed)" or "exited with status 3".
std::string DescribeWaitStatus(int wait_status);

}  // namespace headrace::backend
