/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gpublas.h"

#include <dlfcn.h>
#include <pthread.h>

static ActGpuBlas blas;
static const ActGpuBlas *loaded;

/* ISO C has no cast from an object to a function */
#define LOOK_UP(FIELD, NAME)                                                   \
  (*(void **) (&blas.FIELD) = dlsym (library, NAME)) != NULL

static void
load (void)
{
  static const char *const names[] = { "libcublas.so.13", "libcublas.so.12",
    "libcublas.so" };
  void *library = NULL;

  for (int i = 0; i < 3 && library == NULL; i++)
    library = dlopen (names[i], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL)
    return;
  if (LOOK_UP (create, "cublasCreate_v2")
      && LOOK_UP (destroy, "cublasDestroy_v2")
      && LOOK_UP (set_stream, "cublasSetStream_v2")
      && LOOK_UP (set_workspace, "cublasSetWorkspace_v2")
      && LOOK_UP (gemm, "cublasGemmStridedBatchedEx"))
    loaded = &blas;
}

const ActGpuBlas *
act_gpu_blas (void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, load);
  return loaded;
}
