// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/ref_bundle.h"

#include <arrow/array/array_primitive.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "headrace/block/layout.h"
#include "headrace/task/task_spec.h"
#include "headrace/testkit/blocks.h"

namespace headrace::task {
namespace {

using testing::ElementsAre;
using testkit::Ids;

class RefBundleTest : public testing::Test {
 protected:
  /// Rows 0 to 5 in blocks of 2, 0, 3 and 1.
  RefBundle SixRows() {
    RefBundle bundle;
    for (const auto& [rows, begin] : {std::pair(2, 0), {0, 0}, {3, 2}, {1, 5}}) {
      bundle.Append(testkit::IotaBundle(*store_, rows, begin));
    }
    return bundle;
  }
  std::shared_ptr<store::ObjectStore> store_ = MakeBlockStore(-1);
};

TEST_F(RefBundleTest, KnowsItsRowsAndBytes) {
  const RefBundle bundle = SixRows();
  EXPECT_EQ(bundle.num_rows(), 6);
  EXPECT_EQ(bundle.size_bytes(), 48);
  EXPECT_EQ(bundle.blocks().size(), 4);
  EXPECT_EQ(Ids(bundle), testkit::Iota(6));
}

TEST_F(RefBundleTest, EverySliceHasTheRowsItNames) {
  const RefBundle bundle = SixRows();
  for (int64_t offset = 0; offset <= 7; ++offset) {
    for (int64_t length = 0; length <= 7; ++length) {
      std::vector<int64_t> expected;
      for (int64_t row = offset; row < std::min<int64_t>(6, offset + length); ++row) {
        expected.push_back(row);
      }
      const RefBundle slice = bundle.Slice(offset, length);
      EXPECT_EQ(Ids(slice), expected) << offset << " " << length;
      EXPECT_EQ(slice.num_rows(), static_cast<int64_t>(expected.size()));
      EXPECT_EQ(slice.size_bytes(), 8 * slice.num_rows());
    }
  }
}

TEST_F(RefBundleTest, ASliceOfASliceCountsFromItsOwnStart) {
  const RefBundle slice = SixRows().Slice(1, 4).Slice(2, 5);
  EXPECT_THAT(Ids(slice), ElementsAre(3, 4));
  EXPECT_THAT(Ids(slice.Slice(1, 1)), ElementsAre(4));
}

TEST_F(RefBundleTest, SlicingTouchesNoData) {
  const RefBundle bundle = SixRows();
  const RefBundle slice = bundle.Slice(1, 4);
  EXPECT_EQ(store_->stats().num_objects, 4);
  EXPECT_EQ(slice.blocks().front().object, bundle.blocks().front().object);
}

TEST_F(RefBundleTest, ASliceKeepsOnlyTheBlocksItNeeds) {
  RefBundle slice = SixRows().Slice(0, 1);
  EXPECT_EQ(store_->stats().num_objects, 1);
  slice = {};
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(RefBundleTest, SharedBytesOfABlockAreTheBlockAgain) {
  const Block block = testkit::WideBlock(5, 3);
  const BlockRef ref = PutBlock(*store_, block);
  EXPECT_EQ(ref.size_bytes, block.size_bytes());
  const store::SharedBytes bytes = ref.object->Share().ValueOrDie();
  const auto schema = DeserializeSchema(bytes.schema).ValueOrDie();
  const Block again =
      Unflatten(schema, bytes.description, store::SegmentBuffer(bytes.segment, bytes.size, {}))
          .ValueOrDie();
  EXPECT_TRUE(again.batch()->Equals(*block.batch()));
}

class SpilledBlockTest : public testing::Test {
 protected:
  SpilledBlockTest() {
    std::string name = testing::TempDir() + "ref_bundle_XXXXXX";
    folder_ = mkdtemp(name.data());
    store_ = MakeBlockStore(1 << 30, {.enabled = true, .directories = {folder_}});
  }
  ~SpilledBlockTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  /// Not for what has no bytes: there is nothing to gain.
  void Spill(const BlockRef& ref) {
    while (ref.object->resident()) {
      store_->ShrinkTo(0);
      std::this_thread::yield();
    }
  }
  std::string folder_;
  std::shared_ptr<store::ObjectStore> store_;
};

TEST_F(SpilledBlockTest, ABlockComesBackAsItWas) {
  for (const int64_t rows : {1, 1000}) {
    const Block block = testkit::WideBlock(rows, 5);
    const BlockRef ref = PutBlock(*store_, block);
    Spill(ref);
    EXPECT_TRUE(ref.schema()->Equals(*block.schema(), /*check_metadata=*/true));
    EXPECT_FALSE(ref.object->resident());
    const Block again = ref.Load().ValueOrDie();
    EXPECT_TRUE(again.batch()->Equals(*block.batch()));
    EXPECT_TRUE(again.batch()->ValidateFull().ok());
  }
}

TEST_F(SpilledBlockTest, ASliceOfASpilledBlockHasItsRows) {
  const RefBundle bundle = testkit::IotaBundle(*store_, 20'000);
  const RefBundle slice = bundle.Slice(100, 3);
  Spill(bundle.blocks().front());
  EXPECT_THAT(Ids(slice), ElementsAre(100, 101, 102));
}

TEST_F(SpilledBlockTest, AColumnOfALoadedBlockPinsIt) {
  const RefBundle bundle = testkit::IotaBundle(*store_, 20'000);
  const BlockRef& ref = bundle.blocks().front();
  auto column = ref.Load().ValueOrDie().batch()->column(0)->Slice(10, 5);
  // A small one goes when nothing else is left: after it, the other one has had its turn.
  Spill(PutBlock(*store_, testkit::IotaBlock(1000)));
  EXPECT_TRUE(ref.object->resident());
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*column).Value(0), 10);
  column.reset();
  Spill(ref);
}

TEST(TaskSpecTest, IdsAreNeverZeroAndNeverTheSame) {
  const uint64_t first = NextId();
  EXPECT_GT(first, 0);
  EXPECT_GT(NextId(), first);
}

}  // namespace
}  // namespace headrace::task
