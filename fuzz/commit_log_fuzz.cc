// SPDX-License-Identifier: Apache-2.0
#include <arrow/filesystem/mockfs.h>

#include "fuzz/input.h"
#include "headrace/datasource/commit_log.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

/// What a driver that died may have left behind, in a filesystem in memory; twice, as any step may
/// be done twice.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto filesystem = std::make_shared<arrow::fs::internal::MockFileSystem>(arrow::fs::kNoTime);
  if (!filesystem->CreateDir("out").ok() || size == 0) return 0;
  const std::string state = (data[0] & 1) == 0 ? ".log" : ".undo";
  const std::string log = "out/" + std::string(kCommitLogPrefix) + "id" + state;
  for (const std::string& path : {std::string("out/a"), std::string("out/b")}) {
    if (!filesystem->CreateFile(path, path).ok()) return 0;
  }
  if (!filesystem->CreateFile(log, fuzz::Text(data + 1, size - 1)).ok()) return 0;
  io::Location directory;
  directory.filesystem = filesystem;
  directory.path = "out";
  (void)CommitLog::Recover(directory).ok();
  (void)CommitLog::Recover(directory).ok();
  return 0;
}
