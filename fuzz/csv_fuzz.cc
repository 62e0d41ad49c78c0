// SPDX-License-Identifier: Apache-2.0
#include <arrow/csv/options.h>
#include <arrow/util/utf8.h>

#include "fuzz/input.h"
#include "headrace/datasource/csv_reader.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

/// A file of CSV, read in pieces of a size that the first byte tells, and in a dialect by the
/// second.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  arrow::util::InitializeUTF8();
  if (size < 2) return 0;
  CsvReadOptions options;
  options.block_size = 1 << 16;
  options.double_quote = (data[1] & 1) == 0;
  options.strings_can_be_null = (data[1] & 2) != 0;
  if ((data[1] & 4) != 0) options.delimiter = ';';
  if ((data[1] & 8) != 0) options.quote_char = '\0';
  if (!CsvReader::Supports(options)) return 0;
  const auto defaults = arrow::csv::ConvertOptions::Defaults();
  const CsvColumns columns({Spellings(defaults.null_values), Spellings(defaults.true_values),
                            Spellings(defaults.false_values), options.strings_can_be_null});
  CsvReader reader(options, columns, fuzz::Stream(data + 2, size - 2), /*range=*/nullptr,
                   data[0] + 1, arrow::default_memory_pool());
  while (true) {
    const auto block = reader.Next();
    if (!block.ok() || !block->has_value()) return 0;
    fuzz::RequireValid(**block);
  }
}
