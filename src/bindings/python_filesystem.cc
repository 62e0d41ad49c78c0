// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_filesystem.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/io_util.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "bindings/any_thread_object.h"

namespace headrace::bindings {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileInfoVector;
using arrow::fs::FileType;

/// More than a program has; one that makes them in a loop does not keep them all.
constexpr size_t kMaxLoadedFilesystems = 64;

/// `error` as a Status. A missing file has its errno, as Arrow's own filesystems give it.
Status StatusFromError(nb::python_error& error) {
  const nb::object value = nb::borrow(error.value());
  std::string text = nb::cast<std::string>(nb::str(value));
  if (error.matches(PyExc_FileNotFoundError)) {
    return arrow::internal::IOErrorFromErrno(ENOENT, text);
  }
  if (error.matches(PyExc_NotImplementedError)) return Status::NotImplemented(text);
  const auto type = nb::cast<std::string>(value.type().attr("__name__"));
  return Status::IOError(type, ": ", text);
}

/// Runs `fn` (which returns a Status or a Result) with the GIL; its Python errors become a Status.
template <typename Function>
auto CallPython(Function fn) -> decltype(fn()) {
  // Threads of the engine may outlive the interpreter.
  if (!InterpreterIsAlive()) return Status::Cancelled("the interpreter is ending");
  const nb::gil_scoped_acquire acquire;
  try {
    return fn();
  } catch (nb::python_error& error) {
    return StatusFromError(error);
  } catch (const std::exception& error) {
    return Status::UnknownError("calling a filesystem: ", error.what());
  }
}

/// Bytes of a Python object, which they keep.
class PythonBuffer final : public arrow::Buffer {
 public:
  explicit PythonBuffer(const nb::bytes& bytes)
      : Buffer(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int64_t>(bytes.size())),
        owned_(bytes) {}

 private:
  const AnyThreadObject owned_;
};

/// An open file object of Python, closed once.
class OpenFile {
 public:
  explicit OpenFile(nb::object file) : file_(std::move(file)) {}
  ~OpenFile() { IgnoreStatus(Close(), "close a file"); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// With the GIL.
  auto attr(const char* name) const { return file_.attr(name); }
  bool closed() const { return closed_; }
  Status Close() {
    if (std::exchange(closed_, true)) return Status::OK();
    return CallPython([&] {
      file_.attr("close")();
      return Status::OK();
    });
  }

 private:
  const AnyThreadObject file_;
  bool closed_ = false;
};

/// What a read of `nbytes` gave, into `out`, which has room for just so many.
Result<int64_t> CopyRead(const arrow::Buffer& bytes, int64_t nbytes, void* out) {
  if (bytes.size() > nbytes) {
    return Status::IOError("a read of ", nbytes, " bytes gave ", bytes.size());
  }
  std::memcpy(out, bytes.data(), static_cast<size_t>(bytes.size()));
  return bytes.size();
}

/// A `pyarrow.NativeFile` for reading.
class PythonFile final : public arrow::io::RandomAccessFile {
 public:
  PythonFile(nb::object file, int64_t size) : file_(std::move(file)), size_(size) {}

  using RandomAccessFile::ReadAt;
  Result<int64_t> GetSize() override { return size_; }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t nbytes) override {
    return CallPython([&]() -> Result<std::shared_ptr<arrow::Buffer>> {
      return std::make_shared<PythonBuffer>(
          nb::cast<nb::bytes>(file_.attr("read_at")(nbytes, position)));
    });
  }
  Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadAt(position, nbytes));
    return CopyRead(*bytes, nbytes, out);
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, ReadAt(position_, nbytes));
    position_ += bytes->size();
    return bytes;
  }
  Result<int64_t> Read(int64_t nbytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, nbytes, out));
    position_ += read;
    return read;
  }
  Status Seek(int64_t position) override {
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return file_.closed(); }
  Status Close() override { return file_.Close(); }

 private:
  OpenFile file_;
  const int64_t size_;
  int64_t position_ = 0;
};

class PythonInputStream final : public arrow::io::InputStream {
 public:
  explicit PythonInputStream(nb::object file) : file_(std::move(file)) {}

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override {
    return CallPython([&]() -> Result<std::shared_ptr<arrow::Buffer>> {
      auto bytes = std::make_shared<PythonBuffer>(nb::cast<nb::bytes>(file_.attr("read")(nbytes)));
      position_ += bytes->size();
      return bytes;
    });
  }
  Result<int64_t> Read(int64_t nbytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, Read(nbytes));
    return CopyRead(*bytes, nbytes, out);
  }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return file_.closed(); }
  Status Close() override { return file_.Close(); }

 private:
  OpenFile file_;
  int64_t position_ = 0;
};

class PythonOutputStream final : public arrow::io::OutputStream {
 public:
  explicit PythonOutputStream(nb::object file) : file_(std::move(file)) {}

  using OutputStream::Write;
  Status Write(const void* data, int64_t nbytes) override {
    return CallPython([&] {
      file_.attr("write")(nb::bytes(static_cast<const char*>(data), static_cast<size_t>(nbytes)));
      position_ += nbytes;
      return Status::OK();
    });
  }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return file_.closed(); }
  Status Close() override { return file_.Close(); }

 private:
  OpenFile file_;
  int64_t position_ = 0;
};

FileInfo InfoFrom(nb::handle info) {
  FileInfo out(nb::cast<std::string>(info.attr("path")),
               static_cast<FileType>(nb::cast<int>(nb::int_(info.attr("type")))));
  const nb::object size = info.attr("size");
  if (!size.is_none()) out.set_size(nb::cast<int64_t>(size));
  return out;
}

class PythonFilesystem final : public arrow::fs::FileSystem {
 public:
  /// `filesystem`: a pyarrow.fs.FileSystem.
  explicit PythonFilesystem(nb::object filesystem) : filesystem_(std::move(filesystem)) {}

  std::string type_name() const override { return "python"; }
  using FileSystem::Equals;
  bool Equals(const FileSystem& other) const override { return this == &other; }

  using FileSystem::GetFileInfo;
  Result<FileInfo> GetFileInfo(const std::string& path) override {
    return CallPython(
        [&]() -> Result<FileInfo> { return InfoFrom(filesystem_.attr("get_file_info")(path)); });
  }
  Result<FileInfoVector> GetFileInfo(const arrow::fs::FileSelector& select) override {
    return CallPython([&]() -> Result<FileInfoVector> {
      const nb::object selector =
          nb::module_::import_("pyarrow.fs")
              .attr("FileSelector")(select.base_dir, select.allow_not_found, select.recursive);
      FileInfoVector infos;
      for (nb::handle info : filesystem_.attr("get_file_info")(selector)) {
        infos.push_back(InfoFrom(info));
      }
      return infos;
    });
  }
  Status CreateDir(const std::string& path, bool recursive) override {
    return Do("create_dir", path, nb::arg("recursive") = recursive);
  }
  Status DeleteDir(const std::string& path) override { return Do("delete_dir", path); }
  Status DeleteDirContents(const std::string& path, bool missing_dir_ok) override {
    return Do("delete_dir_contents", path, nb::arg("missing_dir_ok") = missing_dir_ok);
  }
  Status DeleteRootDirContents() override {
    return Status::NotImplemented("emptying a whole filesystem");
  }
  Status DeleteFile(const std::string& path) override { return Do("delete_file", path); }
  Status Move(const std::string& src, const std::string& dest) override {
    return Do("move", src, dest);
  }
  Status CopyFile(const std::string& src, const std::string& dest) override {
    return Do("copy_file", src, dest);
  }
  using FileSystem::OpenInputStream;
  Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(
      const std::string& path) override {
    return CallPython([&]() -> Result<std::shared_ptr<arrow::io::InputStream>> {
      return std::make_shared<PythonInputStream>(
          filesystem_.attr("open_input_stream")(path, nb::arg("compression") = nb::none()));
    });
  }
  /// NotImplemented for files without a size, which can be read from front to back only.
  using FileSystem::OpenInputFile;
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(
      const std::string& path) override {
    return CallPython([&]() -> Result<std::shared_ptr<arrow::io::RandomAccessFile>> {
      nb::object file = filesystem_.attr("open_input_file")(path);
      int64_t size = 0;
      try {
        size = nb::cast<int64_t>(file.attr("size")());
      } catch (nb::python_error& error) {
        return Status::NotImplemented(
            "'", path, "' can be read from front to back only: ", StatusFromError(error).message());
      }
      return std::make_shared<PythonFile>(std::move(file), size);
    });
  }
  using FileSystem::OpenOutputStream;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutputStream(
      const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>&) override {
    return CallPython([&]() -> Result<std::shared_ptr<arrow::io::OutputStream>> {
      return std::make_shared<PythonOutputStream>(
          filesystem_.attr("open_output_stream")(path, nb::arg("compression") = nb::none()));
    });
  }
  using FileSystem::OpenAppendStream;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenAppendStream(
      const std::string&, const std::shared_ptr<const arrow::KeyValueMetadata>&) override {
    return Status::NotImplemented("appending to a file");
  }

 private:
  template <typename... Args>
  Status Do(const char* method, Args&&... args) {
    return CallPython([&] {
      filesystem_.attr(method)(std::forward<Args>(args)...);
      return Status::OK();
    });
  }

  const AnyThreadObject filesystem_;
};

}  // namespace

Result<std::shared_ptr<arrow::fs::FileSystem>> PythonFilesystemHost::Load(
    const std::string& pickled) {
  // Never destroyed, and guarded by the GIL.
  static auto& loaded =
      *new std::unordered_map<std::string, std::shared_ptr<arrow::fs::FileSystem>>();
  return CallPython([&]() -> Result<std::shared_ptr<arrow::fs::FileSystem>> {
    if (const auto found = loaded.find(pickled); found != loaded.end()) return found->second;
    nb::object filesystem = nb::module_::import_("headrace._worker.filesystem")
                                .attr("load")(nb::bytes(pickled.data(), pickled.size()));
    if (loaded.size() >= kMaxLoadedFilesystems) loaded.clear();
    return loaded.emplace(pickled, std::make_shared<PythonFilesystem>(std::move(filesystem)))
        .first->second;
  });
}

PythonFilesystemHost& ThePythonFilesystemHost() {
  static auto& host = *new PythonFilesystemHost();
  return host;
}

}  // namespace headrace::bindings
