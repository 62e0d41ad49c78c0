// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/text_encoding.h"

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/io/transform.h>
#include <iconv.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace headrace::datasource {

bool IsUtf8(std::string encoding) {
  std::transform(encoding.begin(), encoding.end(), encoding.begin(),
                 [](unsigned char c) { return c == '_' ? '-' : std::tolower(c); });
  return encoding.empty() || encoding == "utf-8" || encoding == "utf8" || encoding == "ascii" ||
         encoding == "us-ascii";
}

namespace {

/// One conversion; keeps the bytes of a character that a chunk cuts in two.
class Converter {
 public:
  static Result<std::shared_ptr<Converter>> Make(const std::string& encoding) {
    iconv_t handle = ::iconv_open("UTF-8", encoding.c_str());
    if (handle == reinterpret_cast<iconv_t>(-1)) {
      // Python's latin-1 and utf_16 are latin1 and utf16 to iconv.
      std::string plain = encoding;
      std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
      handle = ::iconv_open("UTF-8", plain.c_str());
    }
    if (handle == reinterpret_cast<iconv_t>(-1)) {
      return Status::Invalid("unknown encoding: ", encoding);
    }
    return std::make_shared<Converter>(handle, encoding);
  }
  Converter(iconv_t handle, std::string encoding)
      : handle_(handle), encoding_(std::move(encoding)) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() { ::iconv_close(handle_); }

  Result<std::shared_ptr<arrow::Buffer>> Convert(const std::shared_ptr<arrow::Buffer>& chunk) {
    std::string input = std::move(rest_);
    rest_.clear();
    input.append(reinterpret_cast<const char*>(chunk->data()), chunk->size());
    std::string output(input.size() * 3 + 16, '\0');
    char* in = input.data();
    size_t in_left = input.size();
    char* out = output.data();
    size_t out_left = output.size();
    while (in_left > 0) {
      if (::iconv(handle_, &in, &in_left, &out, &out_left) != static_cast<size_t>(-1)) break;
      if (errno == EINVAL && chunk->size() > 0) {
        rest_.assign(in, in_left);
        break;
      }
      if (errno == E2BIG) {
        const size_t used = output.size() - out_left;
        output.resize(output.size() * 2);
        out = output.data() + used;
        out_left = output.size() - used;
        continue;
      }
      return Status::Invalid("bytes that are not ", encoding_);
    }
    output.resize(output.size() - out_left);
    return arrow::Buffer::FromString(std::move(output));
  }

 private:
  iconv_t handle_;
  std::string encoding_;
  std::string rest_;
};

}  // namespace

Status CheckEncoding(const std::string& encoding) {
  if (IsUtf8(encoding)) return Status::OK();
  return Converter::Make(encoding).status();
}

Result<std::shared_ptr<arrow::io::InputStream>> DecodeToUtf8(
    std::shared_ptr<arrow::io::InputStream> stream, const std::string& encoding) {
  if (IsUtf8(encoding)) return stream;
  ARROW_ASSIGN_OR_RAISE(auto converter, Converter::Make(encoding));
  return std::make_shared<arrow::io::TransformInputStream>(
      std::move(stream), [converter](const std::shared_ptr<arrow::Buffer>& chunk) {
        return converter->Convert(chunk);
      });
}

}  // namespace headrace::datasource
