// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which lock guards what, for readers and for Clang's -Wthread-safety, which needs a library whose
// mutex is annotated (libc++; with libstdc++ it only complains about that). Other compilers see
// nothing.
#if defined(__clang__)
#define HR_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define HR_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define HR_GUARDED_BY(mutex)
#define HR_NO_THREAD_SAFETY_ANALYSIS
#endif
