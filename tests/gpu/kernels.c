/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of gpu/ against the CPU's, in TAP. On a device this is built
 * with nvcc alone (check.sh); in the build with the emulation too.
 *
 * kernels [REPEATS [large|none]]: each call is made so often and must give the
 * same bits; of small sizes, whose edges matter, or of large ones. none only
 * says whether there is a device. */

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

static int
run_all (const Test *tests, int number)
{
  for (; tests->name != NULL; tests++) {
    int before = check_n_failed ();

    random_seed ((uint32_t) number);
    tests->run ();
    device_free_all ();
    printf ("%s %d - %s\n", check_n_failed () == before ? "ok" : "not ok",
        ++number, tests->name);
    fflush (stdout);
  }
  return number;
}

int
main (int argc, char **argv)
{
  int n_devices = 0, number = 0;

  if (argc > 1)
    n_repeats = atoi (argv[1]);
  if (cudaGetDeviceCount (&n_devices) != cudaSuccess || n_devices == 0) {
    printf ("1..0 # SKIP no CUDA device\n");
    return 0;
  }
  printf ("# device: %s; %d runs of each call\n", device_name (), n_repeats);
  if (argc > 2 && strcmp (argv[2], "large") == 0) {
    number = run_all (large_csr_tests, number);
    number = run_all (large_cluster_tests, number);
    number = run_all (large_operation_tests, number);
  } else if (argc <= 2) {
    number = run_all (csr_tests, number);
    number = run_all (cluster_tests, number);
    number = run_all (operation_tests, number);
  }
  printf ("1..%d\n", number);
  return check_n_failed () == 0 ? 0 : 1;
}
