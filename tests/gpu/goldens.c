/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Golden models from files of plan.py, in TAP: goldens REPEATS PATH ..., each
 * in the three precisions. Prints each precision's largest error. */

#include <cuda_runtime_api.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "planfile.h"

static const char *const names[] = { "fp32", "tf32", "bf16" };
/* as tests/gpu/model.c */
static const double tolerances[] = { 1e-4, 2e-2, 0.1 };
static double largest_of_all[3];

static float *
run (const PlanFile *plan, ActGpuProducts *products)
{
  size_t n = plan->n_samples * plan->length * plan->forward.n_components;
  size_t tokens_size = plan->n_samples * plan->length * sizeof (int32_t);
  size_t size = act_gpu_forward_dense_workspace_size (
      &plan->forward, products, plan->n_samples, plan->length);
  float *out = device_new (n * sizeof (float));
  ActGpuResult *result = device_new (sizeof *result);
  void *workspace = device_new (size);
  const int32_t *tokens = device_copy (plan->tokens, tokens_size);
  float *first = NULL;

  for (int i = 0; i < n_repeats; i++) {
    float *found;

    device_poison (out, n * sizeof (float));
    device_poison (workspace, size);
    device_check (act_gpu_forward_dense (&plan->forward, products,
                      plan->n_samples, plan->length, tokens, out, result,
                      workspace, size, device_stream ()),
        "forward");
    found = device_get (out, n * sizeof (float));
    if (first == NULL) {
      first = found;
      continue;
    }
    CHECK (memcmp (first, found, n * sizeof (float)) == 0,
        "run %d differs from the first", i);
    free (found);
  }
  return first;
}

static void
check (const char *path, ActGpuPrecision precision, int n)
{
  ActGpuProducts *products = NULL;
  PlanFile plan;
  double largest = 0;
  float *found;
  int before = check_n_failed ();

  device_check (act_gpu_products_new (precision, &products), "products");
  plan_file_read (&plan, path, products);
  plan.forward.tile_rows = (uint32_t) (2 * plan.length);
  found = run (&plan, products);
  for (size_t i = 0;
       i < plan.n_samples * plan.length * plan.forward.n_components; i++) {
    double difference = fabs ((double) found[i] - plan.expected[i]);

    largest = difference > largest || isnan (difference) ? difference : largest;
  }
  CHECK (largest <= tolerances[precision], "largest error %.2e", largest);
  if (!(largest <= largest_of_all[precision]))
    largest_of_all[precision] = largest;
  printf ("%s %d - %s %s: largest error %.2e\n",
      check_n_failed () == before ? "ok" : "not ok", n, path, names[precision],
      largest);
  free (found);
  act_gpu_products_free (products);
  plan_file_clear (&plan);
}

int
main (int argc, char **argv)
{
  int n_devices = 0, n = 0;

  if (argc < 3) {
    fprintf (stderr, "goldens REPEATS PATH ...\n");
    return 2;
  }
  if (cudaGetDeviceCount (&n_devices) != cudaSuccess || n_devices == 0) {
    printf ("1..0 # SKIP no CUDA device\n");
    return 0;
  }
  n_repeats = atoi (argv[1]);
  for (int i = 2; i < argc; i++)
    for (int precision = 0; precision < 3; precision++)
      check (argv[i], (ActGpuPrecision) precision, ++n);
  for (int precision = 0; precision < 3; precision++)
    printf ("# %s: largest error %.2e, allowed %.0e\n", names[precision],
        largest_of_all[precision], tolerances[precision]);
  printf ("1..%d\n", n);
  return check_n_failed () == 0 ? 0 : 1;
}
