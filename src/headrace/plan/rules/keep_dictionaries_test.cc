// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/keep_dictionaries.h"

#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

/// A source of one string and one number that says whether it keeps dictionaries.
class TextSource final : public Datasource {
 public:
  explicit TextSource(bool keeps = false) : keeps_(keeps) {}
  std::string_view kind() const override { return "text-test"; }
  std::string name() const override { return "ReadTextTest"; }
  Result<std::shared_ptr<arrow::Schema>> Schema() const override {
    return arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("n", arrow::int64())});
  }
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism&) const override {
    return std::vector<ReadTask>(1);
  }
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask&, const ReadOptions&) const override {
    return Status::Invalid("never opened");
  }
  DatasourcePtr WithDictionaries() const override {
    return keeps_ ? nullptr : std::make_shared<TextSource>(true);
  }
  Result<std::string> Serialize() const override { return std::string(); }
  bool keeps() const { return keeps_; }

 private:
  const bool keeps_;
};

class TestSink final : public Datasink {
 public:
  explicit TestSink(bool takes) : takes_(takes) {}
  std::string_view kind() const override { return "sink-test"; }
  std::string name() const override { return "WriteTest"; }
  Result<bool> Prepare() const override { return true; }
  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo&) const override {
    return Status::Invalid("never opened");
  }
  Status Commit(const std::vector<std::string>&) const override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) const override {}
  bool takes_dictionaries() const override { return takes_; }
  Result<std::string> Serialize() const override { return std::string(); }

 private:
  const bool takes_;
};

LogicalOperatorPtr ReadText() {
  return std::make_shared<Read>(std::make_shared<TextSource>(), std::nullopt, MapOptions{});
}

/// Whether the source under Write(input) keeps dictionaries after the rule.
bool Keeps(const LogicalOperatorPtr& input, bool sink_takes = true) {
  const auto write =
      std::make_shared<Write>(input, std::make_shared<TestSink>(sink_takes), MapOptions{});
  LogicalOperatorPtr node = KeepDictionaries().Rewrite(write).ValueOrDie();
  while (!node->inputs().empty()) node = node->input();
  return dynamic_cast<const TextSource&>(*As<Read>(node)->source()).keeps();
}

TEST(KeepDictionariesTest, KeepsThemBelowAWriteThatTakesThem) {
  EXPECT_TRUE(Keeps(ReadText()));
  EXPECT_FALSE(Keeps(ReadText(), /*sink_takes=*/false));
}

TEST(KeepDictionariesTest, KeepsThemWhereTextIsOnlyPassedOn) {
  EXPECT_TRUE(Keeps(Select(ReadText(), {"s"})));
  EXPECT_TRUE(Keeps(WithColumn(ReadText(), "twice", Col("n") * Lit(2))));
}

TEST(KeepDictionariesTest, DecodesWhereTextIsComputedWith) {
  EXPECT_FALSE(Keeps(WithColumn(ReadText(), "upper", Call("utf8_upper", {Col("s")}))));
}

TEST(KeepDictionariesTest, DecodesBelowFunctionsOfTheUser) {
  const auto map =
      std::make_shared<Map>(ReadText(), MapKind::kBatches, "f", PythonFunction{}, 0, MapOptions{});
  EXPECT_FALSE(Keeps(map));
}

TEST(KeepDictionariesTest, SettlesAfterOneRewrite) {
  const auto write =
      std::make_shared<Write>(ReadText(), std::make_shared<TestSink>(true), MapOptions{});
  const LogicalOperatorPtr once = KeepDictionaries().Rewrite(write).ValueOrDie();
  EXPECT_EQ(KeepDictionaries().Rewrite(once).ValueOrDie(), once);
}

TEST(KeepDictionariesTest, KeepsThemOnBothSidesOfAJoin) {
  const auto join = std::make_shared<Join>(
      ReadText(), WithColumn(ReadText(), "u", Call("utf8_upper", {Col("s")})),
      JoinOptions{.left_on = {"n"}, .right_on = {"n"}});
  const auto write = std::make_shared<Write>(join, std::make_shared<TestSink>(true), MapOptions{});
  const LogicalOperatorPtr node = KeepDictionaries().Rewrite(write).ValueOrDie()->input();
  const auto keeps = [](LogicalOperatorPtr side) {
    while (As<Read>(side) == nullptr) side = side->input();
    return dynamic_cast<const TextSource&>(*As<Read>(side)->source()).keeps();
  };
  EXPECT_TRUE(keeps(node->inputs()[0]));
  EXPECT_FALSE(keeps(node->inputs()[1])) << "text is computed with";
}

/// Whether the source under an aggregation of `input` by `keys` keeps dictionaries after the rule.
bool KeepsUnderGroup(LogicalOperatorPtr input, std::vector<std::string> keys,
                     std::vector<Aggregation> aggregations) {
  LogicalOperatorPtr node = KeepDictionaries()
                                .Rewrite(std::make_shared<GroupAggregate>(
                                    std::move(input), std::move(keys), std::move(aggregations), 0))
                                .ValueOrDie();
  while (As<Read>(node) == nullptr) node = node->input();
  return dynamic_cast<const TextSource&>(*As<Read>(node)->source()).keeps();
}

TEST(KeepDictionariesTest, KeepsWhatIsGroupedBy) {
  const Aggregation sum{"sum", "n", "total"};
  EXPECT_TRUE(KeepsUnderGroup(ReadText(), {"s"}, {sum, {"count", "", "rows"}}));
  EXPECT_TRUE(KeepsUnderGroup(
      WithColumn(WithColumn(ReadText(), "m", Col("n") * Lit(2)), "k", Col("m")), {"s"}, {sum}));
  EXPECT_FALSE(KeepsUnderGroup(ReadText(), {"n"}, {sum})) << "no text is grouped by";
  EXPECT_FALSE(KeepsUnderGroup(ReadText(), {"s"}, {{"max", "s", "last"}}));
  EXPECT_FALSE(
      KeepsUnderGroup(WithColumn(ReadText(), "u", Call("utf8_upper", {Col("s")})), {"u"}, {sum}));
}

}  // namespace
}  // namespace headrace::plan
