// SPDX-License-Identifier: Apache-2.0
#include "bindings/dict_reader.h"

#include <algorithm>

namespace headrace::bindings {
namespace {

/// Rows per round of DictReader: cells of a round stay in the cache until their dict is built.
constexpr int64_t kChunkRows = 256;

}  // namespace

DictReader::DictReader(const std::vector<std::string>& names, const arrow::ArrayVector& columns,
                       ListCells lists) {
  for (size_t i = 0; i < columns.size(); ++i) {
    PyObject* key = NewString(names[i]).release().ptr();
    PyUnicode_InternInPlace(&key);
    keys_.push_back(nb::steal(key));
    readers_.push_back(CellReader::Make(columns[i], lists));
  }
}

void DictReader::Read(int64_t offset, int64_t length, PyObject** out) {
  for (int64_t done = 0; done < length; done += kChunkRows) {
    ReadChunk(offset + done, std::min(kChunkRows, length - done), out + done);
  }
}

void DictReader::ReadChunk(int64_t offset, int64_t length, PyObject** out) {
  const size_t num_columns = readers_.size();
  ObjectSlots cells(num_columns * length);
  for (size_t column = 0; column < num_columns; ++column) {
    readers_[column]->Read(offset, length, cells.data() + column * length);
  }
  for (int64_t row = 0; row < length; ++row) {
    out[row] = Check(PyDict_New());
    for (size_t column = 0; column < num_columns; ++column) {
      CheckCode(PyDict_SetItem(out[row], keys_[column].ptr(), cells[column * length + row]));
    }
  }
}

}  // namespace headrace::bindings
