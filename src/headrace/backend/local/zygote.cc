// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/zygote.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

extern char** environ;

namespace headrace::backend {
namespace {

/// Where the zygote finds its socket.
constexpr int kZygoteFd = 3;

/// Each worker computes in one thread unless its task asks for more CPUs: many processes with a
/// thread for every core each only get in each other's way. The user's own setting wins.
constexpr std::array kThreadVariables = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                         "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"};

std::vector<std::string> ZygoteEnvironment(const PythonOptions& python) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  for (const char* name : kThreadVariables) {
    if (std::getenv(name) == nullptr) environment.push_back(std::string(name) + "=1");
  }
  std::string path;
  for (const std::string& entry : python.sys_path) {
    if (!path.empty()) path += '\n';
    path += entry;
  }
  environment.push_back("HEADRACE_SYS_PATH=" + path);
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<std::unique_ptr<Zygote>> Zygote::Start(const PythonOptions& python) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Status::IOError("socketpair failed: ", std::strerror(errno));
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  // The path is set before the first import of anything that is not built in.
  std::vector<std::string> arguments = {
      python.executable, "-c",
      "import os, sys; sys.path[:] = os.environ.pop('HEADRACE_SYS_PATH').split('\\n'); "
      "from headrace._worker.zygote import main; main(3)"};
  std::vector<std::string> environment = ZygoteEnvironment(python);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), kZygoteFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A session of its own: Ctrl-C in the terminal is for the driver, who decides what ends.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, python.executable.c_str(), &actions, &attributes,
                                 Pointers(arguments).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return Status::IOError("cannot start ", python.executable, ": ", std::strerror(error));
  }
  return std::unique_ptr<Zygote>(new Zygote(std::move(ours), pid));
}

Zygote::~Zygote() {
  socket_.Reset();  // the zygote sees the end, kills its process group and itself
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status Zygote::Fork(uint64_t worker_id, Use use, int socket_fd, int control_fd, int stdout_fd,
                    int stderr_fd) {
  std::array<char, sizeof(worker_id) + 1> request{};
  std::memcpy(request.data(), &worker_id, sizeof(worker_id));
  request.back() = use == Use::kActor ? 1 : 0;
  iovec data{request.data(), request.size()};
  const std::array<int, 4> fds = {socket_fd, control_fd, stdout_fd, stderr_fd};
  std::array<char, CMSG_SPACE(sizeof(fds))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(fds));
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(fds));
  while (sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) {
      return Status::IOError("the process that forks workers is gone: ", std::strerror(errno));
    }
  }
  return Status::OK();
}

Status Zygote::Preload(const std::vector<std::string>& modules, Use use) {
  std::string message = use == Use::kActor ? "import-for-actors" : "import";
  for (const std::string& module : modules) message += " " + module;
  while (send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) {
      return Status::IOError("the process that forks workers is gone: ", std::strerror(errno));
    }
  }
  return Status::OK();
}

Result<std::vector<Zygote::Event>> Zygote::Poll() {
  std::vector<Event> events;
  while (true) {
    std::array<uint64_t, 3> words{};
    const ssize_t got = recv(socket_.get(), words.data(), sizeof(words), MSG_DONTWAIT);
    if (got == sizeof(words)) {
      events.push_back(
          {static_cast<Event::Kind>(words[0]), words[1], static_cast<int64_t>(words[2])});
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return events;
    if (!events.empty()) return events;
    return Status::IOError(
        "the process that forks workers has ended; is headrace importable by the "
        "Python interpreter that runs this program?");
  }
}

std::string DescribeWaitStatus(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int number = WTERMSIG(wait_status);
    return "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace headrace::backend
