// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/keep_rows.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/block/compute_functions.h"

namespace headrace::expr {
namespace {

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> Random(std::mt19937* random, int rows, Value value) {
  Builder builder;
  for (int i = 0; i < rows; ++i) {
    const auto drawn = (*random)() % 100;
    const Status status = drawn < 10 ? builder.AppendNull() : builder.Append(value(drawn));
    if (!status.ok()) status.Abort();
  }
  return builder.Finish().ValueOrDie();
}

// Arrow's own filter says what is right; rows and mask start at odd offsets.
TEST(KeepRowsTest, KeepsWhatArrowsFilterKeeps) {
  ASSERT_TRUE(RegisterComputeFunctions().ok());
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const int rows = 1 + static_cast<int>(random() % 300);
    const auto number = [](auto drawn) { return static_cast<int8_t>(drawn % 3); };
    const auto words = Random<arrow::StringBuilder>(
        &random, 3, [](auto drawn) { return "word" + std::to_string(drawn); });
    const auto codes = Random<arrow::Int8Builder>(&random, rows, number);
    const arrow::ArrayVector columns = {
        codes,
        Random<arrow::Int16Builder>(&random, rows, number),
        Random<arrow::FloatBuilder>(&random, rows, number),
        Random<arrow::Int64Builder>(&random, rows, number),
        Random<arrow::BooleanBuilder>(&random, rows, [](auto drawn) { return drawn % 2 == 0; }),
        Random<arrow::StringBuilder>(&random, rows,
                                     [](auto drawn) { return std::to_string(drawn); }),
        arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int8(), arrow::utf8()), codes,
                                           words)
            .ValueOrDie()};
    arrow::FieldVector fields;
    for (const auto& column : columns) fields.push_back(arrow::field("x", column->type()));
    const int offset = static_cast<int>(random() % rows);
    const Block block =
        Block(arrow::RecordBatch::Make(arrow::schema(fields), rows, columns)).Slice(offset, rows);
    const auto mask = Random<arrow::BooleanBuilder>(&random, rows, [&](auto drawn) {
                        return drawn % 2 == seed % 2;
                      })->Slice(offset);
    const auto& flags = static_cast<const arrow::BooleanArray&>(*mask);
    const Block kept =
        KeepRows(block, flags, flags.true_count(), arrow::default_memory_pool()).ValueOrDie();
    ASSERT_TRUE(kept.batch()->ValidateFull().ok());
    const auto expected = arrow::compute::Filter(block.batch(), mask).ValueOrDie().record_batch();
    ASSERT_TRUE(kept.batch()->Equals(*expected))
        << kept.batch()->ToString() << expected->ToString();
  }
}

}  // namespace
}  // namespace headrace::expr
