// SPDX-License-Identifier: Apache-2.0
#pragma once

// For tests of this folder: blocks of random values with many ties, nulls and odd values.

#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "headrace/block.h"
#include "headrace/block/compute_functions.h"

namespace headrace::compute::testing {

using Random = std::mt19937_64;

inline bool OneIn(Random& random, int n) { return n > 0 && random() % n == 0; }

/// A value of type Int64, Double or Binary, by the type of `builder`.
inline void AppendRandom(Random& random, arrow::Int64Builder* builder) {
  static constexpr int64_t kEdges[] = {0, 1, -1, 127, -128, 255, 256};
  ASSERT_TRUE(
      builder->Append(OneIn(random, 2) ? kEdges[random() % 5] : int64_t(random() % 200) - 100)
          .ok());
}
inline void AppendRandom(Random& random, arrow::DoubleBuilder* builder) {
  static const double kEdges[] = {0.0,
                                  -0.0,
                                  std::nan(""),
                                  -std::nan(""),
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity()};
  const double value =
      OneIn(random, 2) ? kEdges[random() % 6] : static_cast<double>(random() % 4000) / 8.0 - 250.0;
  ASSERT_TRUE(builder->Append(value).ok());
}
inline void AppendRandom(Random& random, arrow::BinaryBuilder* builder) {
  static constexpr char kLetters[] = {'a', 'b', '\0', '\x01'};
  std::string value(OneIn(random, 3) ? 20 : 0, 'p');
  for (auto size = random() % 7; size > 0; --size) value += kLetters[random() % 4];
  ASSERT_TRUE(builder->Append(value).ok());
}

template <typename Builder>
std::shared_ptr<arrow::Array> RandomValues(Random& random, int64_t rows, int one_null_in) {
  Builder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (OneIn(random, one_null_in)) {
      EXPECT_TRUE(builder.AppendNull().ok());
    } else {
      AppendRandom(random, &builder);
    }
  }
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::Array> Cast(const std::shared_ptr<arrow::Array>& array,
                                          const std::shared_ptr<arrow::DataType>& type) {
  return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Unsafe()).ValueOrDie();
}

/// `rows` values of `type`, a null among `one_null_in` (0: none), as a slice of a larger array.
inline std::shared_ptr<arrow::Array> RandomArray(Random& random,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 int64_t rows, int one_null_in) {
  EXPECT_TRUE(RegisterComputeFunctions().ok());
  const auto before = static_cast<int64_t>(random() % 20);
  const int64_t all = rows + before + 3;
  std::shared_ptr<arrow::Array> array;
  using arrow::Type;
  switch (type->id()) {
    case Type::NA:
      return std::make_shared<arrow::NullArray>(rows);
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      array = arrow::compute::DictionaryEncode(
                  RandomArray(random, dictionary.value_type(), all, one_null_in))
                  .ValueOrDie()
                  .make_array();
      break;
    }
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      array = Cast(RandomValues<arrow::DoubleBuilder>(random, all, one_null_in), type);
      break;
    case Type::STRING:
    case Type::BINARY:
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      array = Cast(RandomValues<arrow::BinaryBuilder>(random, all, one_null_in), type);
      break;
    case Type::FIXED_SIZE_BINARY: {
      arrow::FixedSizeBinaryBuilder builder(type);
      for (int64_t i = 0; i < all; ++i) {
        std::string value(static_cast<size_t>(type->byte_width()), 'x');
        value[0] = static_cast<char>(random() % 5);
        const bool null = OneIn(random, one_null_in);
        EXPECT_TRUE((null ? builder.AppendNull() : builder.Append(value)).ok());
      }
      array = builder.Finish().ValueOrDie();
      break;
    }
    case Type::DATE32: {
      array = Cast(
          Cast(RandomValues<arrow::Int64Builder>(random, all, one_null_in), arrow::int32()), type);
      break;
    }
    default:
      array = Cast(RandomValues<arrow::Int64Builder>(random, all, one_null_in), type);
  }
  return array->Slice(before, rows);
}

/// Types that Arrow can sort too.
inline std::vector<std::shared_ptr<arrow::DataType>> SortableTypes() {
  return {arrow::boolean(),
          arrow::int8(),
          arrow::uint8(),
          arrow::int16(),
          arrow::uint16(),
          arrow::int32(),
          arrow::uint32(),
          arrow::int64(),
          arrow::uint64(),
          arrow::float32(),
          arrow::float64(),
          arrow::utf8(),
          arrow::binary(),
          arrow::large_utf8(),
          arrow::large_binary(),
          arrow::fixed_size_binary(3),
          arrow::date32(),
          arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
          arrow::decimal128(30, 2),
          arrow::decimal256(60, 2),
          arrow::duration(arrow::TimeUnit::SECOND)};
}

/// Blocks with one schema: a column "c0", "c1", … per type. Some are empty.
inline std::vector<Block> RandomBlocks(Random& random,
                                       const std::vector<std::shared_ptr<arrow::DataType>>& types,
                                       int num_blocks, int64_t max_rows, int one_null_in) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < types.size(); ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), types[i]));
  }
  const auto schema = arrow::schema(fields);
  std::vector<Block> blocks;
  for (int b = 0; b < num_blocks; ++b) {
    const auto rows = static_cast<int64_t>(random() % (max_rows + 1));
    arrow::ArrayVector columns;
    // Some blocks of a column with nulls have none.
    for (const auto& type : types) {
      columns.push_back(RandomArray(random, type, rows, OneIn(random, 3) ? 0 : one_null_in));
    }
    blocks.emplace_back(arrow::RecordBatch::Make(schema, rows, columns));
  }
  return blocks;
}

}  // namespace headrace::compute::testing
