// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_space.h"

#include <set>
#include <string>

namespace headrace::store {
namespace {

/// Of the free space, by default: other programs need some, too.
constexpr double kQuotaShareOfFree = 0.8;

}  // namespace

Status SpillSpace::Open(const Lock&) {
  if (!places_.empty()) return Status::OK();
  if (options_.directories.empty()) return Status::Invalid("there is no directory to spill to");
  std::vector<Place> places;
  std::set<dev_t> devices;
  double free_bytes = 0;
  for (const std::string& parent : options_.directories) {
    ARROW_ASSIGN_OR_RAISE(auto directory, SpillDirectory::Open(parent));
    // Directories of one disk share its space.
    if (devices.insert(directory->device()).second) {
      free_bytes += static_cast<double>(directory->FreeBytes());
    }
    places.push_back({std::move(directory), nullptr});
  }
  quota_bytes_ = options_.quota_bytes >= 0 ? options_.quota_bytes
                                           : static_cast<int64_t>(free_bytes * kQuotaShareOfFree);
  places_ = std::move(places);
  return Status::OK();
}

Result<std::shared_ptr<SpillFile>> SpillSpace::FileFor(Place& place, int64_t bytes, const Lock&) {
  if (place.file != nullptr && place.file->end > 0 &&
      place.file->end + bytes > options_.file_bytes) {
    place.file.reset();  // lives on in its extents
  }
  if (place.file == nullptr) {
    ARROW_ASSIGN_OR_RAISE(UniqueFd fd, place.directory->CreateFile());
    place.file = std::make_shared<SpillFile>();
    place.file->fd = std::move(fd);
    place.file->directory = place.directory->path();
  }
  return place.file;
}

Result<std::shared_ptr<const Extent>> SpillSpace::Write(
    const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment) {
  const Lock lock(mutex_);
  ARROW_RETURN_NOT_OK(Open(lock));
  const int64_t bytes = BodyBytes(buffers, alignment);
  if (used_bytes() + bytes > quota_bytes_) {
    return MakeError(arrow::StatusCode::IOError, ErrorKind::kOutOfDisk,
                     "Could not spill " + std::to_string(bytes) + " bytes to " +
                         places_.front().directory->path() + ": of the quota of " +
                         std::to_string(quota_bytes_) + " bytes, " + std::to_string(used_bytes()) +
                         " are in use. Raise it with spill_quota_bytes (or "
                         "HEADRACE_SPILL_QUOTA_BYTES), or free space on the disk.");
  }
  Status failed;
  for (size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[next_place_];
    next_place_ = (next_place_ + 1) % places_.size();
    auto file = FileFor(place, bytes, lock);
    auto extent = file.ok()
                      ? Extent::Write(*file, buffers, alignment, options_.compression, used_bytes_)
                      : Result<std::shared_ptr<const Extent>>(file.status());
    if (extent.ok()) return extent;
    // Another directory may be on a disk that has room.
    failed = extent.status();
  }
  return failed;
}

}  // namespace headrace::store
