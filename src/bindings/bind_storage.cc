// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bindings.h"
#include "bindings/raise.h"
#include "headrace/io/file_access.h"
#include "headrace/io/listing.h"

namespace headrace::bindings {
namespace {

using PathsAndSizes = std::vector<std::pair<std::string, int64_t>>;

/// Files below `paths` and whether these are all: with `may_go_on`, only a sample where there are
/// more than a page of them (io::ListFirstFiles).
std::pair<PathsAndSizes, bool> ListFiles(const std::vector<std::string>& paths,
                                         std::vector<std::string> extensions,
                                         bool ignore_missing_paths, io::FileAccess& access,
                                         bool may_go_on) {
  auto listed = [&]() -> Result<io::FirstFiles> {
    const nb::gil_scoped_release nogil;  // may wait for a file system
    io::Listing listing{{}, {std::move(extensions), ignore_missing_paths}};
    for (const std::string& path : paths) {
      ARROW_ASSIGN_OR_RAISE(listing.paths.emplace_back(), access.Admit(path));
    }
    if (may_go_on) return io::ListFirstFiles(listing, access);
    io::FirstFiles all;
    ARROW_ASSIGN_OR_RAISE(all.files, io::ListFiles(listing, access));
    return all;
  }();
  io::FirstFiles first = ValueOrRaise(std::move(listed));
  PathsAndSizes out;
  out.reserve(first.files.size());
  for (io::ListedFile& file : first.files) {
    out.emplace_back(std::move(file.path), file.size_bytes);
  }
  return {std::move(out), first.are_all};
}

}  // namespace

void BindStorage(nb::module_& module) {
  nb::class_<io::FileAccess>(module, "FileAccess")
      .def(nb::init<>())
      .def_prop_rw(
          "filesystem",
          [](const io::FileAccess& self) {
            return nb::bytes(self.filesystem.data(), self.filesystem.size());
          },
          [](io::FileAccess& self, const nb::bytes& pickled) {
            self.filesystem.assign(static_cast<const char*>(pickled.data()), pickled.size());
          })
      .def_prop_rw(
          "environment", [](const io::FileAccess& self) { return self.environment; },
          [](io::FileAccess& self, std::map<std::string, std::string> variables) {
            self.environment = std::move(variables);
          })
      .def_prop_rw(
          "retried_errors", [](const io::FileAccess& self) { return self.retry.retried_errors; },
          [](io::FileAccess& self, std::vector<std::string> pieces) {
            self.retry.retried_errors = std::move(pieces);
          })
      .def_prop_rw(
          "max_attempts", [](const io::FileAccess& self) { return self.retry.max_attempts; },
          [](io::FileAccess& self, int64_t attempts) { self.retry.max_attempts = attempts; })
      .def_prop_rw(
          "max_backoff_s", [](const io::FileAccess& self) { return self.retry.max_backoff_s; },
          [](io::FileAccess& self, double seconds) { self.retry.max_backoff_s = seconds; })
      .def_prop_rw(
          "deadline_s", [](const io::FileAccess& self) { return self.retry.deadline_s; },
          [](io::FileAccess& self, double seconds) { self.retry.deadline_s = seconds; });
  module.def("list_files", &ListFiles, nb::arg("paths"), nb::arg("extensions"),
             nb::arg("ignore_missing_paths"), nb::arg("access"), nb::arg("may_go_on") = false);
}

}  // namespace headrace::bindings
