/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "model/blas.h"

/* there in the libraries of that name, NULL under any other BLAS */
extern void openblas_set_num_threads (int n_threads) __attribute__ ((weak));
extern void bli_thread_set_num_threads (gintptr n_threads)
    __attribute__ ((weak));

void
act_blas_use_one_thread (void)
{
  if (openblas_set_num_threads != NULL)
    openblas_set_num_threads (1);
  if (bli_thread_set_num_threads != NULL)
    bli_thread_set_num_threads (1);
}
