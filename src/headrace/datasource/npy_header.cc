// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/npy_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace headrace::datasource {
namespace {

// Of a number of rows, and one for a sign.
constexpr size_t kMostDigits = 20;
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;
// NumPy's own limit.
constexpr size_t kMaxDimensions = 64;

struct TypeCode {
  std::string_view code;  // kind and width
  arrow::Type::type id;
  std::shared_ptr<arrow::DataType> (*make)();
};

template <const std::shared_ptr<arrow::DataType>& (*kType)()>
std::shared_ptr<arrow::DataType> Make() {
  return kType();
}

const TypeCode kTypes[] = {
    {"b1", arrow::Type::BOOL, Make<arrow::boolean>},
    {"i1", arrow::Type::INT8, Make<arrow::int8>},
    {"i2", arrow::Type::INT16, Make<arrow::int16>},
    {"i4", arrow::Type::INT32, Make<arrow::int32>},
    {"i8", arrow::Type::INT64, Make<arrow::int64>},
    {"u1", arrow::Type::UINT8, Make<arrow::uint8>},
    {"u2", arrow::Type::UINT16, Make<arrow::uint16>},
    {"u4", arrow::Type::UINT32, Make<arrow::uint32>},
    {"u8", arrow::Type::UINT64, Make<arrow::uint64>},
    {"f2", arrow::Type::HALF_FLOAT, Make<arrow::float16>},
    {"f4", arrow::Type::FLOAT, Make<arrow::float32>},
    {"f8", arrow::Type::DOUBLE, Make<arrow::float64>},
};

/// Text after `'key':` in the header's dict, without leading spaces.
Result<std::string_view> ValueOf(std::string_view dict, std::string_view key) {
  const std::string quoted = '\'' + std::string(key) + '\'';
  size_t at = dict.find(quoted);
  if (at == std::string_view::npos) return Status::Invalid("npy header has no ", key);
  at = dict.find(':', at + quoted.size());
  if (at == std::string_view::npos) return Status::Invalid("npy header is broken at ", key);
  at = dict.find_first_not_of(' ', at + 1);
  if (at == std::string_view::npos) return Status::Invalid("npy header is broken at ", key);
  return dict.substr(at);
}

Result<std::shared_ptr<arrow::DataType>> ParseType(std::string_view descr) {
  if (!descr.starts_with('\'')) {
    return Status::Invalid("structured npy arrays cannot be read: ",
                           descr.substr(0, descr.find('\n')));
  }
  descr = descr.substr(1, descr.find('\'', 1) - 1);
  if (descr.find('O') != std::string_view::npos) {
    return Status::Invalid("npy file holds Python objects (pickle), which are not loaded");
  }
  for (const TypeCode& type : kTypes) {
    if (descr.size() == 3 && descr.substr(1) == type.code &&
        (descr[0] == '<' || descr[0] == '|' || (descr[0] == '=') ||
         (descr[0] == '>' && type.code[1] == '1'))) {
      return type.make();
    }
  }
  return Status::Invalid("npy element type ", descr, " cannot be read");
}

/// Numbers between commas, of which there may be one behind the last.
Result<std::vector<int64_t>> ParseShape(std::string_view text) {
  constexpr std::string_view kSpace = " ";
  std::vector<int64_t> shape;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (text.empty()) return shape;
    int64_t size = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size);
    if (parsed.ec != std::errc() || size < 0) break;
    if (shape.size() == kMaxDimensions) {
      return Status::Invalid("npy shape has more than ", kMaxDimensions, " dimensions");
    }
    shape.push_back(size);
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (!text.empty() && !text.starts_with(',')) break;
    if (!text.empty()) text.remove_prefix(1);
  }
  return Status::Invalid("npy header has a broken shape");
}

}  // namespace

Result<NpyHeader> ParseNpyHeader(std::string_view bytes) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) return Status::Invalid("no npy file");
  const int version = static_cast<uint8_t>(bytes[6]);
  size_t start = 10;
  size_t length = static_cast<uint8_t>(bytes[8]) | static_cast<uint8_t>(bytes[9]) << 8;
  if (version >= 2) {
    if (bytes.size() < 12) return Status::Invalid("npy header is cut off");
    uint32_t wide = 0;
    std::memcpy(&wide, bytes.data() + 8, sizeof(wide));
    length = wide;
    start = 12;
  }
  if (length > bytes.size() - start) return Status::Invalid("npy header is cut off");
  const std::string_view dict = bytes.substr(start, length);

  NpyHeader header;
  header.data_offset = static_cast<int64_t>(start + length);
  ARROW_ASSIGN_OR_RAISE(const auto descr, ValueOf(dict, "descr"));
  ARROW_ASSIGN_OR_RAISE(header.type, ParseType(descr));
  ARROW_ASSIGN_OR_RAISE(const auto order, ValueOf(dict, "fortran_order"));
  header.fortran_order = order.starts_with("True");
  ARROW_ASSIGN_OR_RAISE(std::string_view shape, ValueOf(dict, "shape"));
  const size_t close = shape.find(')');
  if (!shape.starts_with('(') || close == std::string_view::npos) {
    return Status::Invalid("npy header has a broken shape");
  }
  ARROW_ASSIGN_OR_RAISE(header.shape, ParseShape(shape.substr(1, close - 1)));
  return header;
}

Result<std::string> FormatNpyHeader(const arrow::DataType& type,
                                    const std::vector<int64_t>& shape) {
  std::string_view code;
  for (const TypeCode& known : kTypes) {
    if (known.id == type.id()) code = known.code;
  }
  if (code.empty()) return Status::TypeError("values of ", type.ToString(), " have no npy form");
  std::string dict = "{'descr': '";
  dict += code[1] == '1' ? '|' : '<';
  dict.append(code);
  dict += "', 'fortran_order': False, 'shape': (";
  for (const int64_t size : shape) {
    dict += std::to_string(size);
    dict += ", ";
  }
  if (shape.size() > 1) dict.resize(dict.size() - 2);
  if (shape.size() == 1) dict.pop_back();
  dict += "), }";
  // As NumPy does: room for any number of rows, so that it can be filled in later.
  if (!shape.empty()) dict.append(kMostDigits - std::to_string(shape.front()).size(), ' ');
  const size_t used = kMagic.size() + 4 + dict.size() + 1;
  dict.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  dict += '\n';
  if (dict.size() > 0xFFFF) return Status::Invalid("npy shape has too many dimensions");
  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dict.size() & 0xFF);
  header += static_cast<char>(dict.size() >> 8);
  header += dict;
  return header;
}

}  // namespace headrace::datasource
