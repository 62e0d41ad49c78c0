// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/hash_join.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace headrace::compute {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;
using Lines = std::vector<std::string>;

Block Table(
    const std::vector<std::tuple<std::string, std::shared_ptr<arrow::DataType>, std::string>>&
        columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, type, json] : columns) {
    fields.push_back(arrow::field(name, type));
    arrays.push_back(arrow::json::ArrayFromJSONString(type, json).ValueOrDie());
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(fields), arrays.front()->length(), arrays));
}

/// One line per row, values separated by a bar.
Lines LinesOf(const std::vector<Block>& blocks) {
  Lines lines;
  for (const Block& block : blocks) {
    for (int64_t row = 0; row < block.num_rows(); ++row) {
      std::string line;
      for (const auto& column : block.batch()->columns()) {
        line += (line.empty() ? "" : "|") + column->GetScalar(row).ValueOrDie()->ToString();
      }
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

Result<std::vector<Block>> Join(const JoinSpec& spec, const std::vector<Block>& left,
                                const std::vector<Block>& right, bool builds_left,
                                int64_t max_rows = 1000) {
  ARROW_ASSIGN_OR_RAISE(const auto join, HashJoin::Make(left.front().schema(),
                                                        right.front().schema(), spec, builds_left));
  std::vector<Block> out;
  const auto emit = [&](Block block) -> Status {
    EXPECT_LE(block.num_rows(), max_rows);
    EXPECT_GT(block.num_rows(), 0);
    EXPECT_TRUE(block.schema()->Equals(*join->schema()));
    EXPECT_TRUE(block.batch()->ValidateFull().ok());
    out.push_back(std::move(block));
    return Status::OK();
  };
  for (const Block& block : builds_left ? left : right) ARROW_RETURN_NOT_OK(join->AddBuild(block));
  join->EndBuild();
  HashJoin::Matches matches;
  for (const Block& block : builds_left ? right : left) {
    ARROW_RETURN_NOT_OK(join->Probe(block, max_rows, arrow::default_memory_pool(), &matches, emit));
  }
  ARROW_RETURN_NOT_OK(join->Finish(matches, max_rows, arrow::default_memory_pool(), emit));
  return out;
}

class HashJoinTest : public testing::Test {
 protected:
  Lines Run(JoinType type, bool builds_left) {
    spec_.type = type;
    const auto out = Join(spec_, {left_}, {right_}, builds_left);
    EXPECT_TRUE(out.ok()) << out.status().ToString();
    return LinesOf(*out);
  }
  std::string Names(JoinType type) {
    spec_.type = type;
    std::string names;
    const auto schema = JoinSchema(*left_.schema(), *right_.schema(), spec_).ValueOrDie();
    for (const std::string& name : schema->field_names()) {
      names += (names.empty() ? "" : " ") + name;
    }
    return names;
  }
  JoinSpec spec_{JoinType::kInner, {"id"}, {"key"}, std::nullopt, "_r"};
  Block left_ = Table(
      {{"v", arrow::utf8(), R"(["a", "b", "c", "d"])"}, {"id", arrow::int32(), "[1, 2, null, 2]"}});
  Block right_ = Table(
      {{"key", arrow::int64(), "[2, 3, null, 1, 2]"}, {"v", arrow::int8(), "[20, 30, 0, 10, 21]"}});
};

TEST_F(HashJoinTest, ColumnsOfEachType) {
  EXPECT_EQ(Names(JoinType::kInner), "v id v_r");
  EXPECT_EQ(Names(JoinType::kLeftOuter), "v id v_r");
  EXPECT_EQ(Names(JoinType::kRightOuter), "v key v_r");
  EXPECT_EQ(Names(JoinType::kFullOuter), "v id v_r");
  EXPECT_EQ(Names(JoinType::kLeftSemi), "v id");
  EXPECT_EQ(Names(JoinType::kLeftAnti), "v id");
  EXPECT_EQ(Names(JoinType::kRightSemi), "key v");
  EXPECT_EQ(Names(JoinType::kRightAnti), "key v");
}

TEST_F(HashJoinTest, RowsOfEachType) {
  EXPECT_THAT(Run(JoinType::kInner, false),
              ElementsAre("a|1|10", "b|2|20", "b|2|21", "d|2|20", "d|2|21"));
  EXPECT_THAT(Run(JoinType::kInner, true),
              ElementsAre("b|2|20", "d|2|20", "a|1|10", "b|2|21", "d|2|21"));
  EXPECT_THAT(Run(JoinType::kLeftOuter, false),
              ElementsAre("a|1|10", "b|2|20", "b|2|21", "c|null|null", "d|2|20", "d|2|21"));
  EXPECT_THAT(
      Run(JoinType::kRightOuter, true),
      ElementsAre("b|2|20", "d|2|20", "null|3|30", "null|null|0", "a|1|10", "b|2|21", "d|2|21"));
  const Lines all = {"a|1|10", "b|2|20", "b|2|21",    "c|null|null",
                     "d|2|20", "d|2|21", "null|3|30", "null|null|0"};
  EXPECT_THAT(Run(JoinType::kFullOuter, false), UnorderedElementsAreArray(all));
  EXPECT_THAT(Run(JoinType::kFullOuter, true), UnorderedElementsAreArray(all));
  EXPECT_THAT(Run(JoinType::kLeftSemi, false), ElementsAre("a|1", "b|2", "d|2"));
  EXPECT_THAT(Run(JoinType::kLeftAnti, false), ElementsAre("c|null"));
  EXPECT_THAT(Run(JoinType::kRightSemi, true), ElementsAre("2|20", "1|10", "2|21"));
  EXPECT_THAT(Run(JoinType::kRightAnti, true), ElementsAre("3|30", "null|0"));
}

TEST_F(HashJoinTest, AnEmptySideIsKnownByItsSchema) {
  right_ = right_.Slice(0, 0);
  EXPECT_THAT(Run(JoinType::kInner, true), ElementsAre());
  EXPECT_THAT(Run(JoinType::kLeftOuter, false),
              ElementsAre("a|1|null", "b|2|null", "c|null|null", "d|2|null"));
  EXPECT_THAT(Run(JoinType::kFullOuter, true),
              ElementsAre("a|1|null", "b|2|null", "d|2|null", "c|null|null"));
  EXPECT_THAT(Run(JoinType::kRightOuter, true), ElementsAre());
}

TEST_F(HashJoinTest, SaysWhatIsWrongWithItsKeys) {
  const auto error = [](const JoinSpec& spec, const Block& left, const Block& right) {
    return JoinSchema(*left.schema(), *right.schema(), spec).status();
  };
  JoinSpec spec = spec_;
  spec.right_suffix.reset();
  EXPECT_TRUE(error(spec, left_, right_).IsInvalid());
  EXPECT_THAT(error(spec, left_, right_).message(), HasSubstr("suffixes cannot be both None"));
  spec = spec_;
  spec.right_on = {"nothing"};
  EXPECT_TRUE(error(spec, left_, right_).IsKeyError());
  spec.right_on = {};
  EXPECT_TRUE(error(spec, left_, right_).IsInvalid());
  const Block text = Table({{"key", arrow::utf8(), "[]"}});
  EXPECT_TRUE(error(spec_, left_, text).IsTypeError());
  EXPECT_THAT(error(spec_, left_, text).message(),
              HasSubstr("key 'id' of type int32 with key 'key' of type string"));
  const Block nested = Table({{"key", arrow::list(arrow::int8()), "[]"}});
  EXPECT_TRUE(error(spec_, left_, nested).IsInvalid());
  EXPECT_TRUE(ParseJoinType("cross").status().IsInvalid());
  EXPECT_EQ(ParseJoinType("left_anti").ValueOrDie(), JoinType::kLeftAnti);
}

TEST_F(HashJoinTest, BuildsTheSmallerSideWhereItMay) {
  EXPECT_TRUE(HashJoin::BuildsLeft(JoinType::kInner, 1, 2));
  EXPECT_FALSE(HashJoin::BuildsLeft(JoinType::kInner, 2, 1));
  EXPECT_TRUE(HashJoin::BuildsLeft(JoinType::kFullOuter, 1, 2));
  EXPECT_FALSE(HashJoin::BuildsLeft(JoinType::kLeftOuter, 1, 2));
  EXPECT_TRUE(HashJoin::BuildsLeft(JoinType::kRightSemi, 2, 1));
}

// --- random data against two nested loops ---

struct Side {
  std::vector<Block> blocks;
  std::vector<std::pair<std::string, std::string>> keys;  // as text; "" for null
  Lines rows;
};

Side MakeSide(std::mt19937_64& random, const std::string& prefix, bool wide, bool dictionary) {
  Side side;
  for (int block = 0; block < 3; ++block) {
    arrow::StringBuilder text;
    arrow::Int32Builder number;
    arrow::Int64Builder row_id;
    const auto num_rows = static_cast<int>(random() % 60);
    for (int row = 0; row < num_rows; ++row) {
      const uint64_t t = random() % 3 == 0 ? 1 : random() % 9;
      const uint64_t n = random() % 2 == 0 ? 1 : random() % 4;
      EXPECT_TRUE((t == 0 ? text.AppendNull() : text.Append(std::string(t, 'k'))).ok());
      EXPECT_TRUE((n == 0 ? number.AppendNull() : number.Append(static_cast<int>(n) - 2)).ok());
      const auto id = static_cast<int64_t>(side.rows.size());
      EXPECT_TRUE(row_id.Append(id).ok());
      side.keys.push_back({t == 0 ? "" : std::string(t, 'k'), n == 0 ? "" : std::to_string(n)});
      side.rows.push_back(std::to_string(id));
    }
    std::shared_ptr<arrow::Array> texts = text.Finish().ValueOrDie();
    std::shared_ptr<arrow::Array> numbers = number.Finish().ValueOrDie();
    if (dictionary) {
      texts = arrow::compute::Cast(*texts, arrow::dictionary(arrow::int32(), arrow::utf8()))
                  .ValueOrDie();
    }
    if (wide) numbers = arrow::compute::Cast(*numbers, arrow::int64()).ValueOrDie();
    side.blocks.push_back(Block(
        arrow::RecordBatch::Make(arrow::schema({arrow::field(prefix + "_t", texts->type()),
                                                arrow::field(prefix + "_n", numbers->type()),
                                                arrow::field(prefix + "_row", arrow::int64())}),
                                 num_rows, {texts, numbers, row_id.Finish().ValueOrDie()})));
  }
  return side;
}

/// "left row|right row" of the result.
Lines Expected(JoinType type, const Side& left, const Side& right, bool two_keys) {
  const auto equal = [&](size_t i, size_t j) {
    const auto& [a, b] = left.keys[i];
    const auto& [c, d] = right.keys[j];
    return !b.empty() && b == d && (!two_keys || (!a.empty() && a == c));
  };
  Lines lines;
  std::vector<bool> left_found(left.keys.size());
  std::vector<bool> right_found(right.keys.size());
  const bool pairs = type <= JoinType::kFullOuter;
  for (size_t i = 0; i < left.keys.size(); ++i) {
    for (size_t j = 0; j < right.keys.size(); ++j) {
      if (!equal(i, j)) continue;
      left_found[i] = right_found[j] = true;
      if (pairs) lines.push_back(left.rows[i] + "|" + right.rows[j]);
    }
  }
  for (size_t i = 0; i < left.keys.size(); ++i) {
    const bool outer = type == JoinType::kLeftOuter || type == JoinType::kFullOuter;
    if (outer && !left_found[i]) lines.push_back(left.rows[i] + "|null");
    if (type == JoinType::kLeftSemi && left_found[i]) lines.push_back(left.rows[i]);
    if (type == JoinType::kLeftAnti && !left_found[i]) lines.push_back(left.rows[i]);
  }
  for (size_t j = 0; j < right.keys.size(); ++j) {
    const bool outer = type == JoinType::kRightOuter || type == JoinType::kFullOuter;
    if (outer && !right_found[j]) lines.push_back("null|" + right.rows[j]);
    if (type == JoinType::kRightSemi && right_found[j]) lines.push_back(right.rows[j]);
    if (type == JoinType::kRightAnti && !right_found[j]) lines.push_back(right.rows[j]);
  }
  return lines;
}

TEST(HashJoinPropertyTest, AgreesWithNestedLoopsOverRandomData) {
  for (uint64_t seed = 0; seed < 160; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto type = static_cast<JoinType>(seed % 8);
    const bool two_keys = seed / 8 % 2 == 0;
    const Side left = MakeSide(random, "l", seed % 3 == 0, seed % 5 == 0);
    const Side right = MakeSide(random, "r", seed % 7 == 0, seed % 4 == 1);
    JoinSpec spec;
    spec.type = type;
    spec.left_on = two_keys ? Lines{"l_t", "l_n"} : Lines{"l_n"};
    spec.right_on = two_keys ? Lines{"r_t", "r_n"} : Lines{"r_n"};
    const bool builds_left = HashJoin::BuildsLeft(type, static_cast<int64_t>(left.rows.size()),
                                                  static_cast<int64_t>(right.rows.size()));
    const auto joined = Join(spec, left.blocks, right.blocks, builds_left, 37).ValueOrDie();
    Lines lines;
    for (const Block& block : joined) {
      arrow::FieldVector fields;
      arrow::ArrayVector columns;
      for (const char* name : {"l_row", "r_row"}) {
        auto column = block.batch()->GetColumnByName(name);
        if (column == nullptr) continue;
        fields.push_back(arrow::field(name, column->type()));
        columns.push_back(std::move(column));
      }
      const Block rows(arrow::RecordBatch::Make(arrow::schema(fields), block.num_rows(), columns));
      for (std::string& line : LinesOf({rows})) lines.push_back(std::move(line));
    }
    Lines expected = Expected(type, left, right, two_keys);
    std::sort(lines.begin(), lines.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(lines, expected);
  }
}

}  // namespace
}  // namespace headrace::compute
