// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/message_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace headrace::backend {
namespace {

struct Header {
  uint64_t size = 0;  // of the payload
  uint64_t num_fds = 0;
};

/// Room for the descriptors of one message, as the socket calls want it.
struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(MessageChannel::kMaxFds * sizeof(int))> bytes;
};

Status NoDescriptorsLeft() {
  return Status::CapacityError(
      "no file descriptors are left to share blocks with worker processes; raise `ulimit -n`");
}

Status SocketError(const char* what) {
  return Status::IOError(what, " failed: ", std::strerror(errno));
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> MessageChannel::Pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return SocketError("socketpair");
  }
  for (const int end : ends) {
    const int bytes = 1 << 20;  // fewer wake-ups for bursts of small messages
    setsockopt(end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Status MessageChannel::Queue(std::string bytes, const std::vector<int>& fds) {
  if (fds.size() > kMaxFds) {
    return Status::Invalid("a message carries at most ", kMaxFds, " descriptors, not ", fds.size());
  }
  Outgoing out;
  const Header header{bytes.size(), fds.size()};
  out.bytes.reserve(sizeof(header) + bytes.size());
  out.bytes.append(reinterpret_cast<const char*>(&header), sizeof(header));
  out.bytes.append(bytes);
  for (const int fd : fds) {
    out.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!out.fds.back().valid()) return NoDescriptorsLeft();
  }
  outbox_.push_back(std::move(out));
  return Status::OK();
}

Status MessageChannel::Flush(bool wait) {
  while (!outbox_.empty()) {
    bool blocked = false;
    ARROW_RETURN_NOT_OK(SendOne(outbox_.front(), wait, &blocked));
    if (blocked) return Status::OK();
    outbox_.pop_front();
  }
  return Status::OK();
}

Status MessageChannel::SendOne(Outgoing& out, bool wait, bool* blocked) {
  while (out.sent < out.bytes.size()) {
    iovec data{out.bytes.data() + out.sent, out.bytes.size() - out.sent};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    Control control;
    if (out.sent == 0 && !out.fds.empty()) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = CMSG_SPACE(out.fds.size() * sizeof(int));
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(out.fds.size() * sizeof(int));
      auto* fds = reinterpret_cast<int*>(CMSG_DATA(rights));
      for (size_t i = 0; i < out.fds.size(); ++i) fds[i] = out.fds[i].get();
    }
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        *blocked = true;
        return Status::OK();
      }
      return SocketError("send");
    }
    out.sent += static_cast<size_t>(sent);
  }
  return Status::OK();
}

Status MessageChannel::Receive(bool wait, std::vector<Message>* messages) {
  const size_t before = messages->size();
  while (ParseOne(messages)) {
  }
  while (true) {
    constexpr size_t kChunk = 64 << 10;
    const size_t old_size = inbox_.size();
    inbox_.resize(old_size + kChunk);
    iovec data{inbox_.data() + old_size, kChunk};
    Control control;
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const bool block = wait && messages->size() == before;
    const ssize_t got =
        recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | (block ? 0 : MSG_DONTWAIT));
    const int error = errno;
    inbox_.resize(old_size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    for (cmsghdr* c = got >= 0 ? CMSG_FIRSTHDR(&message) : nullptr; c != nullptr;
         c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      const auto* fds = reinterpret_cast<const int*>(CMSG_DATA(c));
      for (size_t i = 0; i < count; ++i) received_fds_.emplace_back(fds[i]);
    }
    // Descriptors that found no place are gone: their message could never be complete.
    if (got > 0 && (message.msg_flags & MSG_CTRUNC) != 0) return NoDescriptorsLeft();
    if (got == 0) return Status::IOError("the other process closed the connection");
    if (got < 0) {
      if (error == EINTR) continue;
      if (error == EAGAIN || error == EWOULDBLOCK) return Status::OK();
      errno = error;
      return SocketError("receive");
    }
    while (ParseOne(messages)) {
    }
    if (static_cast<size_t>(got) < kChunk && messages->size() > before) return Status::OK();
  }
}

bool MessageChannel::ParseOne(std::vector<Message>* messages) {
  Header header;
  const size_t left = inbox_.size() - parsed_;
  if (left < sizeof(header)) return false;
  std::memcpy(&header, inbox_.data() + parsed_, sizeof(header));
  if (left < sizeof(header) + header.size || received_fds_.size() < header.num_fds) return false;
  Message message;
  message.bytes.assign(inbox_, parsed_ + sizeof(header), header.size);
  for (uint32_t i = 0; i < header.num_fds; ++i) {
    message.fds.push_back(std::move(received_fds_.front()));
    received_fds_.pop_front();
  }
  messages->push_back(std::move(message));
  parsed_ += sizeof(header) + header.size;
  if (parsed_ == inbox_.size()) {
    inbox_.clear();
    parsed_ = 0;
  } else if (parsed_ > (1 << 20)) {
    inbox_.erase(0, parsed_);
    parsed_ = 0;
  }
  return true;
}

}  // namespace headrace::backend
