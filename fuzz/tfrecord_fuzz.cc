// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input.h"
#include "headrace/datasource/tf_example.h"
#include "headrace/datasource/tfrecord_framing.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

namespace {

/// All values of a message, as often as it says that there are.
void VisitExample(std::string_view message) {
  std::vector<FeatureView> features;
  if (!ParseExample(message, &features).ok()) return;
  for (const FeatureView& feature : features) {
    int64_t values = 0;
    size_t bytes = 0;
    switch (feature.kind) {
      case FeatureKind::kNone:
        break;
      case FeatureKind::kBytes:
        ForEachBytes(feature, [&](std::string_view value) {
          ++values;
          bytes += value.size();
        });
        break;
      case FeatureKind::kFloat:
        ForEachFloat(feature, [&](float) { ++values; });
        break;
      case FeatureKind::kInt64:
        ForEachInt64(feature, [&](int64_t) { ++values; });
        break;
    }
    fuzz::Require(feature.kind == FeatureKind::kNone || values == feature.num_values,
                  "a feature has another number of values");
    fuzz::Require(bytes <= message.size(), "values are larger than their message");
  }
}

}  // namespace

/// The input as records, and as the message of one: no fuzzer finds the checksums around it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  RecordReader reader(fuzz::Stream(data, size));
  std::string record;
  while (true) {
    const Result<bool> more = reader.Next(&record);
    if (!more.ok() || !*more) break;
    VisitExample(record);
  }
  VisitExample(fuzz::Text(data, size));
  return 0;
}
