// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"

namespace headrace::backend {

/// A message with the file descriptors that travel with it.
struct Message {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

/// One end of a Unix stream socket that carries whole messages and file descriptors. One thread.
class MessageChannel {
 public:
  /// Most descriptors that one message may carry (SCM_MAX_FD of Linux is 253).
  static constexpr size_t kMaxFds = 200;

  explicit MessageChannel(UniqueFd socket) : socket_(std::move(socket)) {}
  /// Two connected ends.
  static Result<std::pair<UniqueFd, UniqueFd>> Pair();

  int fd() const { return socket_.get(); }

  /// Queues a message; `fds`, at most kMaxFds, are duplicated. Call Flush() to send. Fails with
  /// CapacityError when this process has no descriptors left.
  Status Queue(std::string bytes, const std::vector<int>& fds);
  /// Sends what is queued. `wait`: until all is sent; else as much as the socket takes.
  /// Fails when the other end is gone.
  Status Flush(bool wait);
  bool has_queued() const { return !outbox_.empty(); }

  /// Receives what has arrived. `wait`: at least one message. Empty when nothing is there (or, with
  /// `wait`, never); fails with IOError at the end of the stream, and with CapacityError when this
  /// process has no descriptors left for those that came.
  Status Receive(bool wait, std::vector<Message>* messages);

 private:
  struct Outgoing {
    std::string bytes;  // header and payload
    size_t sent = 0;
    std::vector<UniqueFd> fds;
  };
  Status SendOne(Outgoing& out, bool wait, bool* blocked);
  bool ParseOne(std::vector<Message>* messages);

  UniqueFd socket_;
  std::deque<Outgoing> outbox_;
  std::string inbox_;
  size_t parsed_ = 0;  // of inbox_
  std::deque<UniqueFd> received_fds_;
};

}  // namespace headrace::backend
