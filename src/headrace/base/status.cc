// SPDX-License-Identifier: Apache-2.0
#include "headrace/base/status.h"

#include <exception>
#include <new>

#include "headrace/base/log.h"

namespace headrace {

std::string ErrorDetail::ToString() const {
  return operator_name_.empty() ? std::string() : "operator " + operator_name_;
}

const ErrorDetail* GetErrorDetail(const Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != ErrorDetail::kTypeId) {
    return nullptr;
  }
  return static_cast<const ErrorDetail*>(detail.get());
}

Status MakeError(arrow::StatusCode code, ErrorKind kind, std::string message, std::string payload) {
  return {code, std::move(message), std::make_shared<ErrorDetail>(kind, std::move(payload))};
}

Status WithOperator(const Status& status, std::string_view operator_name) {
  if (status.ok()) return status;
  const ErrorDetail* old = GetErrorDetail(status);
  if (old != nullptr && !old->operator_name().empty()) return status;
  const ErrorKind kind = old == nullptr ? ErrorKind::kDefault : old->kind();
  return status.WithDetail(std::make_shared<ErrorDetail>(
      kind, old == nullptr ? std::string() : old->payload(), std::string(operator_name)));
}

Status WithPrefix(const Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  return {status.code(), std::string(prefix) + status.message(), status.detail()};
}

Status CatchAsStatus(std::string_view where, const std::function<Status()>& fn) {
  try {
    return fn();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory(where, ": out of memory");
  } catch (const std::exception& e) {
    return Status::UnknownError(where, ": ", e.what());
  } catch (...) {
    return Status::UnknownError(where, ": unknown exception");
  }
}

void IgnoreStatus(const Status& status, std::string_view why) {
  if (!status.ok()) {
    Log(LogLevel::kDebug, "Ignored error",
        {{"why", std::string(why)}, {"error", status.ToString()}});
  }
}

}  // namespace headrace
