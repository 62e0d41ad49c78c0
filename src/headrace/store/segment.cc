// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/segment.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace headrace::store {
namespace {

Status ErrnoError(const char* what, int64_t bytes) {
  const int error = errno;
  const std::string message = std::string(what) + " of " + std::to_string(bytes) +
                              " bytes of shared memory failed: " + std::strerror(error);
  return error == ENOMEM ? Status::OutOfMemory(message) : Status::IOError(message);
}

uint64_t NextId() {
  // Process ids are not reused while a process that knows the segment is alive.
  static std::atomic<uint32_t> counter{0};
  return (static_cast<uint64_t>(getpid()) << 32) | ++counter;
}

std::atomic<int64_t> g_live_bytes{0};

class ReleasingBuffer final : public arrow::Buffer {
 public:
  ReleasingBuffer(std::shared_ptr<Segment> segment, int64_t size, std::function<void()> on_release)
      : arrow::Buffer(segment->data(), size),
        segment_(std::move(segment)),
        on_release_(std::move(on_release)) {}
  ~ReleasingBuffer() override {
    if (on_release_) on_release_();
  }

 private:
  std::shared_ptr<Segment> segment_;
  std::function<void()> on_release_;
};

}  // namespace

Result<std::shared_ptr<Segment>> Segment::Create(int64_t capacity) {
  UniqueFd fd(memfd_create("headrace", MFD_CLOEXEC));
  if (!fd.valid()) return ErrnoError("memfd_create", capacity);
  if (ftruncate(fd.get(), capacity) != 0) return ErrnoError("ftruncate", capacity);
  void* data = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return ErrnoError("mmap", capacity);
  return std::shared_ptr<Segment>(
      new Segment(NextId(), std::move(fd), capacity, static_cast<uint8_t*>(data), true));
}

Result<std::shared_ptr<Segment>> Segment::Map(uint64_t id, UniqueFd fd, int64_t capacity) {
  void* data = mmap(nullptr, capacity, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return ErrnoError("mmap", capacity);
  return std::shared_ptr<Segment>(
      new Segment(id, std::move(fd), capacity, static_cast<uint8_t*>(data), false));
}

Segment::Segment(uint64_t id, UniqueFd fd, int64_t capacity, uint8_t* data, bool writable)
    : id_(id), fd_(std::move(fd)), capacity_(capacity), data_(data), writable_(writable) {
  g_live_bytes.fetch_add(capacity_, std::memory_order_relaxed);
}

Segment::~Segment() {
  munmap(data_, capacity_);
  g_live_bytes.fetch_sub(capacity_, std::memory_order_relaxed);
}

int64_t Segment::live_bytes() { return g_live_bytes.load(std::memory_order_relaxed); }

std::shared_ptr<arrow::Buffer> SegmentBuffer(std::shared_ptr<Segment> segment, int64_t size,
                                             std::function<void()> on_release) {
  return std::make_shared<ReleasingBuffer>(std::move(segment), size, std::move(on_release));
}

}  // namespace headrace::store
