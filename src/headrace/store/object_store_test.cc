// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/object_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "headrace/store/text_codec.h"

namespace headrace::store {
namespace {

class ObjectStoreTest : public testing::Test {
 protected:
  ObjectRef Put(std::string text) {
    const auto size = static_cast<int64_t>(text.size());
    return store_->Put(std::make_shared<const std::string>(std::move(text)), size);
  }
  std::shared_ptr<ObjectStore> store_ = ObjectStore::Make(1000, std::make_shared<TextCodec>());
};

TEST_F(ObjectStoreTest, CountsObjectsAndBytesUntilTheLastReferenceGoes) {
  ObjectRef first = Put("hello");
  const ObjectRef second = Put("you");
  ObjectRef same = first;
  EXPECT_EQ(store_->stats().num_objects, 2);
  EXPECT_EQ(store_->stats().used_bytes, 8);
  first.reset();
  EXPECT_EQ(store_->stats().num_objects, 2);
  same.reset();
  EXPECT_EQ(store_->stats().num_objects, 1);
  EXPECT_EQ(store_->stats().used_bytes, 3);
  EXPECT_EQ(store_->stats().peak_bytes, 8);
  EXPECT_EQ(store_->stats().total_bytes, 1000);
}

TEST_F(ObjectStoreTest, TellsTheCeilingOfEveryByte) {
  const auto ceiling = std::make_shared<MemoryLedger>(100);
  const auto store = ObjectStore::Make(10, std::make_shared<TextCodec>(), {}, ceiling);
  ObjectRef object = store->Put(std::make_shared<const std::string>("hello"), 5);
  EXPECT_EQ(ceiling->store_bytes(), 5);
  EXPECT_TRUE(store->room().Admits(5));
  EXPECT_FALSE(store->room().Admits(6));
  object.reset();
  EXPECT_EQ(ceiling->store_bytes(), 0);
}

TEST_F(ObjectStoreTest, FreesTheValueAtOnce) {
  auto value = std::make_shared<const std::string>("x");
  const std::weak_ptr<const std::string> watch = value;
  ObjectRef object = store_->Put(std::move(value), 1);
  EXPECT_FALSE(watch.expired());
  object.reset();
  EXPECT_TRUE(watch.expired());
}

TEST_F(ObjectStoreTest, ShareCopiesOnceIntoASegmentThatIsReused) {
  ObjectRef object = Put("hello");
  SharedBytes bytes = object->Share().ValueOrDie();
  EXPECT_EQ(bytes.schema, "text");
  EXPECT_EQ(bytes.size, 128);
  EXPECT_EQ(std::memcmp(bytes.segment->data(), "he", 2), 0);
  EXPECT_EQ(object->Share().ValueOrDie().segment, bytes.segment);
  EXPECT_EQ(store_->stats().shared_bytes, 128);
  object.reset();
  EXPECT_NE(Put("other")->Share().ValueOrDie().segment, bytes.segment) << "it is still pinned";
  bytes.pin.reset();
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  const auto again = Put("again");
  const auto more = Put("more");
  const auto one = again->Share().ValueOrDie().segment;
  const auto two = more->Share().ValueOrDie().segment;
  EXPECT_TRUE(one == bytes.segment || two == bytes.segment);
}

TEST_F(ObjectStoreTest, SharingLeavesOneCopy) {
  const ObjectRef object = Put("hello");
  const auto bytes = object->Share().ValueOrDie();
  EXPECT_EQ(store_->stats().used_bytes, 128) << "the heap bytes are gone";
  EXPECT_EQ(Text(object->Get().ValueOrDie()), "hello");
}

TEST_F(ObjectStoreTest, SharingLeavesBothCopiesWhileTheValueIsHeld) {
  const ObjectRef object = Put("hello");
  const Value held = object->Get().ValueOrDie();
  ASSERT_TRUE(object->Share().ok());
  EXPECT_EQ(store_->stats().used_bytes, 5 + 128);
  EXPECT_EQ(Text(held), "hello");
}

TEST_F(ObjectStoreTest, AViewOfASegmentOutlivesItsObject) {
  ObjectRef object = Put("hello");
  ASSERT_TRUE(object->Share().ok());
  const Value view = object->Get().ValueOrDie();
  object.reset();
  ASSERT_TRUE(Put("other")->Share().ok()) << "would overwrite the segment if it was free";
  EXPECT_EQ(Text(view), "hello");
}

TEST_F(ObjectStoreTest, AnObjectMadeElsewhereIsSharedAsItIs) {
  const auto segment = Segment::Create(4096).ValueOrDie();
  ObjectRef object =
      store_->PutShared(std::make_shared<const std::string>("x"), 1, {"text", "1", segment, 128});
  EXPECT_EQ(object->Share().ValueOrDie().segment, segment);
  EXPECT_EQ(store_->stats().used_bytes, 128);
  EXPECT_EQ(store_->stats().shared_bytes, 0) << "not copied here";
  object.reset();
  EXPECT_NE(Put("y")->Share().ValueOrDie().segment, segment) << "it belongs to somebody else";
}

TEST_F(ObjectStoreTest, AFailedShareCanBeTriedAgain) {
  const ObjectRef object = Put("poison");
  EXPECT_TRUE(object->Share().status().IsInvalid());
  EXPECT_TRUE(object->Share().status().IsInvalid());
  EXPECT_EQ(store_->stats().shared_bytes, 0);
  EXPECT_EQ(store_->stats().used_bytes, 6);
}

TEST_F(ObjectStoreTest, ManyThreadsShareOneCopy) {
  const ObjectRef object = Put("hello");
  std::vector<std::shared_ptr<Segment>> segments(4);
  std::vector<std::thread> threads;
  for (auto& segment : segments) {
    threads.emplace_back([&] { segment = object->Share().ValueOrDie().segment; });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& segment : segments) EXPECT_EQ(segment, segments[0]);
}

TEST_F(ObjectStoreTest, AnObjectKeepsItsStore) {
  ObjectRef object = Put("hello");
  store_.reset();
  EXPECT_TRUE(object->Share().ok());
}

TEST_F(ObjectStoreTest, PrefetchOfWhatIsThereIsDoneAtOnce) {
  bool done = false;
  store_->Prefetch(Put("hello"), [&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace headrace::store
