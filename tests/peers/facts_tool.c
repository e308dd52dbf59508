/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test-facts-tool FILE.npy: the exact sum of its float32 values, and that of
 * their absolute values, in C's hexadecimal form. */
#include "dashboard/exactsum.h"
#include "formats/npy.h"

#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActNpy) npy = argc == 2 ? act_npy_open (argv[1], &error) : NULL;
  const ActTensor *tensor;
  ActExactSum sum;

  if (npy == NULL || act_npy_get (npy)->dtype != ACT_DTYPE_F32) {
    fprintf (stderr, "%s\n", error != NULL ? error->message : "no float32");
    return 1;
  }
  tensor = act_npy_get (npy);
  act_exact_sum_init (&sum);
  for (gsize i = 0; i < tensor->n_elements; i++)
    act_exact_sum_add (&sum, i % 2, ((const float *) tensor->data)[i]);
  printf (
      "%a %a\n", act_exact_sum_get (&sum), act_exact_sum_get_absolute (&sum));
  return 0;
}
