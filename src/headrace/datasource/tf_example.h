// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Messages of type tf.train.Example, read and written without protobuf: three nested messages of
/// a fixed form are less than the dependency.

enum class FeatureKind : uint8_t { kNone, kBytes, kFloat, kInt64 };

std::string_view FeatureKindName(FeatureKind kind);

/// One feature of a parsed message; points into it.
struct FeatureView {
  std::string_view name;
  FeatureKind kind = FeatureKind::kNone;  // kNone: the feature is there and says nothing
  int64_t num_values = 0;
  std::string_view list;  // the list message, checked
};

/// Features of `message`, in its order; a name may come twice, then the later one counts. Checks
/// all of the message. Fails with Invalid when it is no tf.train.Example.
Status ParseExample(std::string_view message, std::vector<FeatureView>* features);

/// Calls `take` with each value of a feature of that kind.
void ForEachBytes(const FeatureView& feature, const std::function<void(std::string_view)>& take);
void ForEachFloat(const FeatureView& feature, const std::function<void(float)>& take);
void ForEachInt64(const FeatureView& feature, const std::function<void(int64_t)>& take);

/// Makes messages feature by feature. Reuses its memory.
class ExampleWriter {
 public:
  void Begin() { features_.clear(); }
  void Bytes(std::string_view name, const std::vector<std::string_view>& values);
  void Floats(std::string_view name, const float* values, int64_t count);
  void Int64s(std::string_view name, const int64_t* values, int64_t count);
  /// The message; valid until Begin().
  std::string_view Finish();

 private:
  void AddFeature(std::string_view name, FeatureKind kind);

  std::string list_;      // values of a feature
  std::string entry_;     // name and feature
  std::string features_;  // the entries
  std::string message_;
};

}  // namespace headrace::datasource
