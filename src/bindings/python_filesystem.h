// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <memory>
#include <string>

#include "bindings/python_object.h"
#include "headrace/io/file_access.h"

namespace headrace::bindings {

/// Loads the filesystems that users give as `filesystem=`: any of pyarrow.fs or fsspec. They are
/// asked by way of Python, whatever they are made of, because Python is the only stable interface
/// to them; the GIL is held for the call, and those of pyarrow give it up while they wait. Lives
/// until the process ends.
class PythonFilesystemHost final : public io::FilesystemHost {
 public:
  Result<std::shared_ptr<arrow::fs::FileSystem>> Load(const std::string& pickled) override;
};

/// The host of this process.
PythonFilesystemHost& ThePythonFilesystemHost();

}  // namespace headrace::bindings
