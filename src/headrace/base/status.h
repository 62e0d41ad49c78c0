// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace headrace {

using arrow::Result;
using arrow::Status;

/// What kind of Python exception the user should see. Travels with a Status from any process to
/// the Python layer, which maps it to a class (python/headrace/exceptions.py).
enum class ErrorKind : uint8_t {
  kDefault = 0,   // chosen by the Status code: Invalid -> ValueError, KeyError -> KeyError, …
  kUserCode = 1,  // raised by the user's function; `payload` holds the pickled exception
  kWorkerCrashed = 2,  // a worker process died
  kActorDied = 3,      // an actor died or could not be constructed
  kCancelled = 4,
  kFileNotFound = 5,
  kTypeError = 6,
  kExecutionTimeout = 7,
  kOutOfDisk = 8,   // blocks could not be spilled
  kObjectLost = 9,  // a spilled block could not be brought back
};

/// Where an error comes from and how it is shown to the user.
class ErrorDetail final : public arrow::StatusDetail {
 public:
  static constexpr const char* kTypeId = "headrace::ErrorDetail";

  ErrorDetail(ErrorKind kind, std::string payload = {}, std::string operator_name = {})
      : kind_(kind), payload_(std::move(payload)), operator_name_(std::move(operator_name)) {}

  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override;

  ErrorKind kind() const { return kind_; }
  /// Pickled exception of the user's code; only ever unpickled by the driver that owns the worker.
  const std::string& payload() const { return payload_; }
  /// Name of the failed operator, empty when unknown.
  const std::string& operator_name() const { return operator_name_; }

 private:
  ErrorKind kind_;
  std::string payload_;
  std::string operator_name_;
};

/// The ErrorDetail of `status`, or nullptr.
const ErrorDetail* GetErrorDetail(const Status& status);

/// Status of `code` with an ErrorDetail.
Status MakeError(arrow::StatusCode code, ErrorKind kind, std::string message,
                 std::string payload = {});

/// `status` with `operator_name` recorded in its detail, unless one is there already.
Status WithOperator(const Status& status, std::string_view operator_name);

/// `status` with `prefix` before its message; code and detail stay.
Status WithPrefix(const Status& status, std::string_view prefix);

/// Runs `fn` and turns any exception into a Status: bad_alloc -> OutOfMemory, the rest ->
/// UnknownError with `where` and what().
Status CatchAsStatus(std::string_view where, const std::function<Status()>& fn);

/// Logs `status` at debug level if it is not OK. For errors that must not stop a clean-up.
void IgnoreStatus(const Status& status, std::string_view why);

}  // namespace headrace
