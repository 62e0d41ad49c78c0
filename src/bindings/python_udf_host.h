// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "bindings/python_object.h"
#include "headrace/worker/udf_host.h"

namespace headrace::bindings {

/// Calls Python functions in this process. Takes the GIL itself, on whatever thread it is called,
/// and gives it up while blocks travel on. Lives until the process ends.
class PythonUdfHost final : public worker::UdfHost {
 public:
  Result<std::unique_ptr<worker::Step>> MakeStep(const worker::PythonUdf& udf,
                                                 const worker::StepContext& context) override;

 private:
  /// headrace._worker.udf.LoadedUdf for `udf`; functions are loaded once per process, classes are
  /// constructed anew.
  nb::object Load(const worker::PythonUdf& udf);

  std::unordered_map<std::string, nb::object> functions_;  // by pickle; needs the GIL
};

/// The host of this process.
PythonUdfHost& ThePythonUdfHost();

/// `error`, raised by the user's function or by a check of what it returned, as a Status of
/// ErrorKind::kUserCode. `udf` may be null. Needs the GIL.
Status StatusFromUserError(nb::python_error& error, nb::handle udf);

/// Runs `fn` with the GIL; errors of Python become a Status (see StatusFromUserError).
template <typename Function>
Status WithGil(nb::handle udf, Function fn) {
  nb::gil_scoped_acquire acquire;
  try {
    return fn();
  } catch (nb::python_error& error) {
    return StatusFromUserError(error, udf);
  } catch (const std::exception& error) {
    return Status::UnknownError("calling Python: ", error.what());
  }
}

}  // namespace headrace::bindings
