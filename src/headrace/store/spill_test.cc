// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <random>
#include <thread>

#include "headrace/base/fault_point.h"
#include "headrace/store/object_store.h"
#include "headrace/store/text_codec.h"

namespace headrace::store {
namespace {

constexpr int64_t kBlock = 100 << 10;  // of most objects here: not tiny

std::string TextOf(int number, int64_t size = kBlock) {
  std::string text(static_cast<size_t>(size), static_cast<char>('a' + number % 26));
  const std::string name = std::to_string(number);
  text.replace(0, name.size(), name);
  return text;
}

/// Waits for what the store's threads do.
testing::AssertionResult Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return testing::AssertionFailure() << "not within 10 s";
}

class SpillTest : public testing::Test {
 protected:
  SpillTest() {
    std::string name = testing::TempDir() + "spill_test_XXXXXX";
    folder_ = mkdtemp(name.data());
    spill_ = {.enabled = true, .directories = {folder_}};
    Make(10 * kBlock);
  }
  ~SpillTest() override {
    DisarmFaults();
    objects_.clear();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Make(int64_t limit) {
    store_ = ObjectStore::Make(limit, std::make_shared<TextCodec>(), spill_);
  }
  ObjectRef Put(int number, int64_t size = kBlock) {
    return store_->Put(std::make_shared<const std::string>(TextOf(number, size)), size);
  }
  /// Objects 0 to count - 1, kept in objects_.
  void PutMany(int count) {
    for (int i = 0; i < count; ++i) objects_.push_back(Put(i));
  }
  bool BelowLimit() { return store_->stats().used_bytes <= store_->stats().total_bytes; }
  void ExpectText(const ObjectRef& object, int number) {
    const auto value = object->Get();
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_TRUE(Text(*value) == TextOf(number, object->size_bytes()));
  }
  /// Puts an object on disk, and nothing else.
  void SpillAll() {
    // Again and again: a pin may be on its way out.
    ASSERT_TRUE(Eventually([&] {
      store_->ShrinkTo(0);
      return store_->stats().used_bytes == 0;
    }));
  }

  std::string folder_;
  SpillOptions spill_;
  std::shared_ptr<ObjectStore> store_;
  std::vector<ObjectRef> objects_;
};

TEST_F(SpillTest, WhatDoesNotFitGoesToDiskAndComesBack) {
  PutMany(40);
  ASSERT_TRUE(Eventually([&] { return BelowLimit(); }));
  const StoreStats spilled = store_->stats();
  EXPECT_GE(spilled.num_spilled, 30);
  EXPECT_GE(spilled.spilled_bytes, 30 * kBlock);
  EXPECT_GT(spilled.spill_s, 0);
  EXPECT_EQ(spilled.num_objects, 40);
  for (int i = 0; i < 40; ++i) ExpectText(objects_[i], i);
  EXPECT_GE(store_->stats().num_restored, 30);
  ASSERT_TRUE(Eventually([&] { return BelowLimit(); }));
  objects_.clear();
  EXPECT_EQ(store_->stats().used_bytes, 0);
  EXPECT_EQ(store_->stats().spilled_bytes, 0);
}

TEST_F(SpillTest, NothingIsSpilledBelowTheLimit) {
  PutMany(10);
  EXPECT_EQ(store_->stats().num_spilled, 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SpillTest, StatesOfOneObject) {
  const ObjectRef object = Put(1);
  EXPECT_TRUE(object->resident());
  SpillAll();
  EXPECT_FALSE(object->resident());
  EXPECT_EQ(store_->stats().used_bytes, 0);
  EXPECT_EQ(*static_cast<const std::string*>(object->schema().get()), "text");
  EXPECT_FALSE(object->resident()) << "the schema is not worth a restore";
  ExpectText(object, 1);  // heap again
  EXPECT_EQ(store_->stats().used_bytes, kBlock);
  const int64_t written = store_->stats().spilled_bytes_total;
  SpillAll();
  EXPECT_EQ(store_->stats().spilled_bytes_total, written) << "it was still on disk";
  {
    const SharedBytes shared = object->Share().ValueOrDie();  // straight into a segment
    EXPECT_EQ(store_->stats().shared_bytes, shared.size);
    EXPECT_EQ(store_->stats().used_bytes, shared.size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(shared.segment->data()), 1), "1");
    EXPECT_EQ(shared.schema, "text");
  }
  ExpectText(object, 1);  // a view of the segment
  EXPECT_EQ(store_->stats().used_bytes, store_->stats().shared_bytes);
  SpillAll();
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  ExpectText(object, 1);
}

TEST_F(SpillTest, WhatIsSharedIsSpilledFromItsSegment) {
  const ObjectRef object = Put(1);
  ASSERT_TRUE(object->Share().ok());
  SpillAll();
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  ExpectText(object, 1);
}

TEST_F(SpillTest, WhatAWorkerMadeIsSpilledAndItsSegmentReleased) {
  std::atomic<bool> released{false};
  const auto segment = Segment::Create(4096).ValueOrDie();
  std::memcpy(segment->mutable_data(), "he", 2);
  std::memcpy(segment->mutable_data() + 64, "llo", 3);
  const TextCodec codec;
  auto value = codec
                   .Unflatten(codec.SchemaOf(nullptr), "5",
                              SegmentBuffer(segment, 128, [&] { released = true; }))
                   .ValueOrDie();
  const ObjectRef object = store_->PutShared(std::move(value), kBlock, {"text", "5", segment, 128});
  SpillAll();
  EXPECT_TRUE(released);
  EXPECT_EQ(Text(object->Get().ValueOrDie()), "hello");
}

TEST_F(SpillTest, PinsAreNeverSpilled) {
  PutMany(4);
  const Value value = objects_[0]->Get().ValueOrDie();
  const auto pinned = objects_[1]->Pin().ValueOrDie();
  const SharedBytes shared = objects_[2]->Share().ValueOrDie();
  store_->ShrinkTo(0);
  ASSERT_TRUE(Eventually([&] { return !objects_[3]->resident(); }));
  // The thread went through all of them before it is idle again: once more, to be sure.
  const ObjectRef last = Put(5);
  store_->ShrinkTo(0);
  ASSERT_TRUE(Eventually([&] { return !last->resident(); }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(objects_[i]->resident()) << i;
  EXPECT_EQ(Text(value).substr(0, 1), "0");
}

TEST_F(SpillTest, APinApartFromItsValueHoldsTheObjectToo) {
  const ObjectRef object = Put(1);
  auto pinned = object->Pin().ValueOrDie();
  pinned.value.reset();
  const ObjectRef other = Put(2);
  store_->ShrinkTo(0);
  ASSERT_TRUE(Eventually([&] { return !other->resident(); }));
  EXPECT_TRUE(object->resident());
  pinned.pin.reset();
  SpillAll();
}

TEST_F(SpillTest, TheEndOfAPinLetsTheStoreGoOn) {
  Make(kBlock / 2);
  const ObjectRef object = Put(1);
  {
    const auto pinned = object->Pin();  // may be after a first spill
    ASSERT_TRUE(pinned.ok());
    EXPECT_TRUE(object->resident());
  }
  EXPECT_TRUE(Eventually([&] { return !object->resident(); })) << "nobody else wakes it";
}

TEST_F(SpillTest, LowRankGoesFirstThenTheNewest) {
  PutMany(6);
  objects_[1]->set_spill_rank(-1);
  objects_[4]->set_spill_rank(1);
  // One after the other.
  for (const int expected : {1, 5, 3, 2, 0, 4}) {
    const int64_t used = store_->stats().used_bytes;
    store_->ShrinkTo(used - 1);
    ASSERT_TRUE(Eventually([&] { return store_->stats().used_bytes < used; }));
    EXPECT_FALSE(objects_[expected]->resident()) << expected;
    EXPECT_EQ(store_->stats().used_bytes, used - kBlock);
  }
}

TEST_F(SpillTest, TinyObjectsGoLast) {
  std::vector<ObjectRef> tiny;
  for (int i = 0; i < 100; ++i) tiny.push_back(Put(i, 100));
  PutMany(2);
  store_->ShrinkTo(100 * 100);
  ASSERT_TRUE(Eventually([&] { return store_->stats().used_bytes == 100 * 100; }));
  for (const auto& object : tiny) EXPECT_TRUE(object->resident());
  SpillAll();
  for (int i = 0; i < 100; ++i) ExpectText(tiny[i], i);
}

TEST_F(SpillTest, WhatIsOnDiskAnywayGoesBeforeWhatWouldBeWritten) {
  PutMany(3);
  SpillAll();
  ExpectText(objects_[0], 0);
  const ObjectRef fresh = Put(9);
  const int64_t written = store_->stats().spilled_bytes_total;
  store_->ShrinkTo(kBlock);
  ASSERT_TRUE(Eventually([&] { return store_->stats().used_bytes == kBlock; }));
  EXPECT_TRUE(fresh->resident());
  EXPECT_EQ(store_->stats().spilled_bytes_total, written);
}

TEST_F(SpillTest, WhatCannotBeFlattenedStays) {
  const ObjectRef poison =
      store_->Put(std::make_shared<const std::string>("poison" + TextOf(1)), kBlock);
  const ObjectRef other = Put(2);
  store_->ShrinkTo(0);
  ASSERT_TRUE(Eventually([&] { return !other->resident(); }));
  EXPECT_TRUE(poison->resident());
  EXPECT_TRUE(store_->CheckFull().ok());
}

TEST_F(SpillTest, PrefetchBringsBackAndTells) {
  PutMany(2);
  SpillAll();
  std::promise<void> done;
  store_->Prefetch(objects_[0], [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_TRUE(objects_[0]->resident());
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  std::promise<void> in_segment;
  store_->Prefetch(
      objects_[1], [&] { in_segment.set_value(); }, ObjectStore::RestoreTo::kSegment);
  in_segment.get_future().wait();
  EXPECT_GT(store_->stats().shared_bytes, 0);
  ExpectText(objects_[0], 0);
  ExpectText(objects_[1], 1);
}

TEST_F(SpillTest, HintsAreFollowedWhileThereIsRoom) {
  PutMany(8);
  SpillAll();
  const std::vector<ObjectRef> full = [&] {
    std::vector<ObjectRef> many;
    for (int i = 0; i < 9; ++i) many.push_back(Put(100 + i));
    return many;
  }();
  std::vector<Value> held;
  for (const auto& object : full) held.push_back(object->Get().ValueOrDie());
  store_->Prefetch(objects_[0]);
  ASSERT_TRUE(Eventually([&] { return objects_[0]->resident(); }));
  // The store is full now, and what waits for its use is not given up for another one.
  store_->Prefetch(objects_[1]);
  std::promise<void> after;  // requests are taken in order
  store_->Prefetch(objects_[2], [&] { after.set_value(); });
  after.get_future().wait();
  EXPECT_TRUE(Eventually([&] { return !objects_[1]->resident(); }));
  ExpectText(objects_[0], 0);
}

TEST_F(SpillTest, ManyReadersBringOneCopyBackWhileItIsSpilledAgainAndAgain) {
  const ObjectRef object = Put(3);
  std::atomic<bool> stop{false};
  std::thread spiller([&] {
    while (!stop) store_->ShrinkTo(0);
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&, i] {
      for (int k = 0; k < 100; ++k) {
        if ((i + k) % 5 == 0) {
          const auto shared = object->Share();
          ASSERT_TRUE(shared.ok()) << shared.status();
          ASSERT_EQ(static_cast<char>(shared->segment->data()[0]), '3');
          ASSERT_EQ(static_cast<char>(shared->segment->data()[shared->size - 65]), 'd');
        } else {
          ExpectText(object, 3);
        }
      }
    });
  }
  for (auto& reader : readers) reader.join();
  stop = true;
  spiller.join();
  SpillAll();
}

TEST_F(SpillTest, ABadDiskKeepsBlocksInMemoryUntilThereAreFarTooMany) {
  std::ofstream(folder_ + "/file") << "not a directory";
  spill_.directories = {folder_ + "/file"};
  Make(10 * kBlock);
  PutMany(15);
  store_->ShrinkTo(0);
  for (int i = 0; i < 15; ++i) ExpectText(objects_[i], i);
  EXPECT_TRUE(store_->CheckFull().ok()) << "memory allows it";
  PutMany(15);
  ASSERT_TRUE(Eventually([&] { return !store_->CheckFull().ok(); }));
  const Status full = store_->WaitForRoom([] { return false; });
  EXPECT_NE(full.message().find(folder_ + "/file"), std::string::npos) << full.message();
  EXPECT_NE(full.message().find("object_store_memory"), std::string::npos) << full.message();
  objects_.clear();
  EXPECT_TRUE(store_->CheckFull().ok());
}

TEST_F(SpillTest, AFullQuotaStopsSpillingAndNothingElse) {
  spill_.quota_bytes = 3 * kBlock + (64 << 10);
  Make(10 * kBlock);
  PutMany(18);
  ASSERT_TRUE(Eventually([&] { return store_->stats().num_spilled == 3; }));
  for (int i = 0; i < 18; ++i) ExpectText(objects_[i], i);
  objects_.resize(5);
  for (int i = 0; i < 5; ++i) ExpectText(objects_[i], i);
}

#ifdef HEADRACE_FAULT_POINTS
TEST_F(SpillTest, ALostObjectFailsItsReaderAlone) {
  PutMany(2);
  SpillAll();
  ArmFault("store.spill.read", MakeError(arrow::StatusCode::IOError, ErrorKind::kObjectLost, "no"));
  const Status lost = objects_[0]->Get().status();
  ASSERT_NE(GetErrorDetail(lost), nullptr) << lost;
  EXPECT_EQ(GetErrorDetail(lost)->kind(), ErrorKind::kObjectLost);
  EXPECT_EQ(store_->stats().used_bytes, 0);
  ExpectText(objects_[0], 0);
  ExpectText(objects_[1], 1);
}
#endif

TEST_F(SpillTest, TasksWaitWhileTheDiskCatchesUp) {
  PutMany(100);
  ASSERT_TRUE(store_->WaitForRoom([] { return false; }).ok());
  EXPECT_LE(store_->stats().used_bytes, 11 * kBlock);
}

TEST_F(SpillTest, AStoreMayEndOnItsOwnThreads) {
  for (int round = 0; round < 20; ++round) {
    Make(2 * kBlock);
    PutMany(6);
    SpillAll();
    store_->Prefetch(objects_[0], [] {});
    store_->Prefetch(objects_[1], [] {});
    std::thread drop([&] { store_.reset(); });
    objects_.clear();
    drop.join();
  }
}

/// Random work of several kinds, compared with what the objects should hold, and with a count of
/// what is in memory. The seed is the name of the test.
class SpillPropertyTest : public SpillTest, public testing::WithParamInterface<int> {};

TEST_P(SpillPropertyTest, CountsExactlyAndGivesBackWhatWasPut) {
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  if (GetParam() % 3 == 1) spill_.compression = SpillOptions::Compression::kLz4;
  Make(20 * kBlock);
  std::map<int, ObjectRef> model;
  std::vector<std::pair<int, Value>> held;
  int next = 0;
  for (int step = 0; step < 400; ++step) {
    const auto any = [&] {
      auto it = model.begin();
      std::advance(it, random() % model.size());
      return it;
    };
    const unsigned choice = model.empty() ? 0 : random() % 12;
    if (choice <= 3) {
      const auto size = static_cast<int64_t>(10 + random() % (3 * kBlock));
      const ObjectRef object = Put(next, size);
      object->set_spill_rank(random() % 3);
      model.emplace(next++, object);
    } else if (choice <= 5) {
      const auto it = any();
      ExpectText(it->second, it->first);
    } else if (choice == 6) {
      const auto it = any();
      held.emplace_back(it->first, it->second->Get().ValueOrDie());
    } else if (choice == 7) {
      ASSERT_TRUE(any()->second->Share().ok());
    } else if (choice == 8) {
      model.erase(any());
    } else if (choice == 9) {
      if (!held.empty()) held.erase(held.begin() + static_cast<int64_t>(random() % held.size()));
    } else if (choice == 10) {
      store_->Prefetch(any()->second);
    } else {
      store_->ShrinkTo(static_cast<int64_t>(random() % (20 * kBlock)));
    }
    for (const auto& [number, value] : held) {
      ASSERT_EQ(Text(value).substr(0, 1), std::to_string(number).substr(0, 1));
    }
  }
  for (const auto& [number, object] : model) ExpectText(object, number);
  held.clear();
  SpillAll();
  for (const auto& [number, object] : model) EXPECT_FALSE(object->resident());
  // In memory one by one: exactly what each takes.
  int64_t expected = 0;
  std::vector<Value> values;
  for (const auto& [number, object] : model) {
    if (expected > 15 * kBlock) break;
    values.push_back(object->Get().ValueOrDie());
    const int64_t size = object->size_bytes();
    const int64_t half = size / 2;
    expected += (half + 63) / 64 * 64 + (size - half + 63) / 64 * 64;
    ASSERT_EQ(store_->stats().used_bytes, expected);
  }
  values.clear();
  model.clear();
  EXPECT_TRUE(Eventually([&] { return store_->stats().used_bytes == 0; }));
  EXPECT_TRUE(Eventually([&] { return store_->stats().spilled_bytes == 0; }));
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SpillPropertyTest, testing::Range(0, 12));

}  // namespace
}  // namespace headrace::store
