// SPDX-License-Identifier: Apache-2.0
#include "bindings/raise.h"

#include <string>

namespace headrace::bindings {
namespace {

/// A message may quote what a file holds: bytes that are no UTF-8 are written as \xNN.
nb::object MessageText(const std::string& message) {
  return Steal(PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()),
                                    "backslashreplace"));
}

nb::object NewException(nb::handle type, const std::string& message) {
  return type(MessageText(message));
}

nb::object NewHeadraceException(const char* name, const std::string& message) {
  return NewException(nb::module_::import_("headrace.exceptions").attr(name), message);
}

/// What the function `name` of headrace.exceptions makes of an error that came from a worker.
nb::object FromPayload(const char* name, const ErrorDetail& detail, const std::string& message) {
  const std::string& payload = detail.payload();
  return nb::module_::import_("headrace.exceptions")
      .attr(name)(nb::bytes(payload.data(), payload.size()), MessageText(message),
                  NewString(detail.operator_name()));
}

nb::object FromCode(const Status& status, const std::string& message) {
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::CapacityError:
    case arrow::StatusCode::SerializationError:
      return NewException(PyExc_ValueError, message);
    case arrow::StatusCode::KeyError:
      return NewException(PyExc_KeyError, message);
    case arrow::StatusCode::TypeError:
      return NewException(PyExc_TypeError, message);
    case arrow::StatusCode::IndexError:
      return NewException(PyExc_IndexError, message);
    case arrow::StatusCode::IOError:
      return NewException(PyExc_OSError, message);
    case arrow::StatusCode::NotImplemented:
      return NewException(PyExc_NotImplementedError, message);
    case arrow::StatusCode::AlreadyExists:
      return NewException(PyExc_FileExistsError, message);
    case arrow::StatusCode::OutOfMemory:
      return NewHeadraceException("OutOfMemoryError", message);
    case arrow::StatusCode::Cancelled:
      return NewHeadraceException("TaskCancelledError", message);
    default:
      return NewException(PyExc_RuntimeError, message);
  }
}

}  // namespace

nb::object ExceptionFromStatus(const Status& status) {
  std::string message = status.message();
  const ErrorDetail* detail = GetErrorDetail(status);
  if (detail != nullptr && detail->kind() != ErrorKind::kUserCode &&
      detail->kind() != ErrorKind::kActorDied && !detail->operator_name().empty() &&
      message.find(detail->operator_name()) == std::string::npos) {
    message += " (in operator " + detail->operator_name() + ")";
  }
  switch (detail == nullptr ? ErrorKind::kDefault : detail->kind()) {
    case ErrorKind::kUserCode:
      return FromPayload("_from_user_code", *detail, message);
    case ErrorKind::kWorkerCrashed:
      return NewHeadraceException("WorkerCrashedError", message);
    case ErrorKind::kActorDied:
      return FromPayload("_from_dead_actor", *detail, message);
    case ErrorKind::kCancelled:
      return NewHeadraceException("TaskCancelledError", message);
    case ErrorKind::kFileNotFound:
      return NewException(PyExc_FileNotFoundError, message);
    case ErrorKind::kTypeError:
      return NewException(PyExc_TypeError, message);
    case ErrorKind::kExecutionTimeout:
      return NewHeadraceException("ExecutionTimeoutError", message);
    case ErrorKind::kOutOfDisk:
      return NewHeadraceException("OutOfDiskError", message);
    case ErrorKind::kObjectLost:
      return NewHeadraceException("ObjectLostError", message);
    case ErrorKind::kDefault:
      break;
  }
  return FromCode(status, message);
}

void RaiseIfError(const Status& status) {
  if (status.ok()) return;
  const nb::object exception = ExceptionFromStatus(status);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw nb::python_error();
}

}  // namespace headrace::bindings
