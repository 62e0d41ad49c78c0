// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/base/status.h"

namespace headrace::backend {

/// The life of a worker process: takes tasks from the driver over `socket_fd` until the driver
/// closes it. `control_fd` is the memory file of the ControlPage. Takes over both descriptors.
/// The calling thread runs the user's functions.
Status RunWorker(int socket_fd, int control_fd);

}  // namespace headrace::backend
