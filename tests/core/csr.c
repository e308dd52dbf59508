/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The CSR kernels against naive loops. Which instruction set runs is up to
 * GST_ACTIVATIONS_CPU; meson.build runs this once for each. */

#include <math.h>
#include <string.h>

#include "acterror.h"
#include "sparse/csr.h"
#include "sparse/csrarrays.h"
#include "sparse/filter.h"

typedef enum {
  KIND_SPARSE,
  KIND_NEGATIVE,
  KIND_MINUS_ZERO,
  KIND_FULL,
  KIND_SILENT,
  N_KINDS
} Kind;

static float
random_value (GRand *rand, Kind kind)
{
  float v = (float) g_rand_double_range (rand, 0.001, 1.0);

  switch (kind) {
  case KIND_SPARSE:
    return g_rand_int_range (rand, 0, 10) == 0 ? v : 0.0f;
  case KIND_NEGATIVE:
    return g_rand_boolean (rand) ? -v : 0.0f;
  case KIND_MINUS_ZERO:
    return g_rand_boolean (rand) ? -0.0f : g_rand_boolean (rand) ? -v : 1e-44f;
  case KIND_FULL:
    return v;
  default:
    return 0.0f;
  }
}

static float *
random_dense (GRand *rand, gsize n_rows, gsize n_cols, Kind kind)
{
  float *dense = g_new (float, n_rows *n_cols + 1);

  for (gsize i = 0; i < n_rows * n_cols; i++)
    dense[i] = random_value (rand, kind);
  return dense;
}

static guint8 *
random_alive (GRand *rand, gsize n_cols, guint choice)
{
  guint8 *alive = g_new0 (guint8, n_cols + 1);

  if (choice == 0) {
    g_free (alive);
    return NULL;
  }
  for (gsize i = 0; choice == 1 && i < n_cols; i++)
    alive[i] =
        (guint8) (g_rand_boolean (rand) ? g_rand_int_range (rand, 1, 256) : 0);
  return alive; /* choice 2: all dead */
}

static gboolean
same_bits (float a, float b)
{
  return memcmp (&a, &b, sizeof a) == 0;
}

static void
check_shape (GRand *rand, gsize n_rows, gsize n_cols, Kind kind, guint choice)
{
  g_autofree float *dense = random_dense (rand, n_rows, n_cols, kind);
  g_autofree guint8 *alive = random_alive (rand, n_cols, choice);
  gsize n = act_csr_count_dense (dense, n_rows, n_cols, alive);
  g_autofree gint64 *indptr = g_new (gint64, n_rows + 1);
  g_autofree gint32 *indices = g_new (gint32, n + ACT_CSR_SLACK);
  g_autofree float *values = g_new (float, n + ACT_CSR_SLACK);
  g_autofree float *again = g_new (float, n_rows *n_cols + 1);
  g_autofree float *max = g_new (float, n_cols + 1);
  g_autofree float *csr_max = g_new (float, n_cols + 1);
  g_autoptr (GError) error = NULL;
  gsize i = 0;

  g_assert_cmpuint (act_csr_from_dense (
                        dense, n_rows, n_cols, alive, indptr, indices, values),
      ==, n);
  g_assert_cmpint (indptr[0], ==, 0);
  for (gsize row = 0; row < n_rows; row++) {
    for (gsize col = 0; col < n_cols; col++) {
      float v = dense[row * n_cols + col];

      if (v == 0.0f || (alive != NULL && alive[col] == 0))
        continue;
      g_assert_cmpuint (i, <, n);
      g_assert_cmpint (indices[i], ==, (gint32) col);
      g_assert_true (same_bits (values[i], v));
      i++;
    }
    g_assert_cmpint (indptr[row + 1], ==, (gint64) i);
  }
  g_assert_cmpuint (i, ==, n);
  g_assert_true (act_csr_validate (n_rows, n_cols, n, indptr, indices, &error));
  g_assert_no_error (error);

  memset (again, 0xff, (n_rows * n_cols + 1) * sizeof (float));
  act_csr_to_dense (n_rows, n_cols, indptr, indices, values, again);
  for (gsize row = 0; row < n_rows; row++) {
    for (gsize col = 0; col < n_cols; col++) {
      float v = dense[row * n_cols + col] + 0.0f;

      if (alive != NULL && alive[col] == 0)
        v = 0.0f;
      g_assert_true (same_bits (again[row * n_cols + col], v));
    }
  }

  act_dense_column_max (again, n_rows, n_cols, max);
  act_csr_column_max (n_rows, n_cols, indptr, indices, values, csr_max);
  for (gsize col = 0; col < n_cols; col++) {
    float naive = n_rows == 0 ? 0.0f : again[col];

    for (gsize row = 1; row < n_rows; row++)
      naive = MAX (naive, again[row * n_cols + col]);
    g_assert_true (same_bits (max[col], naive));
    g_assert_true (same_bits (csr_max[col], naive));
  }
}

static const gsize widths[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63,
  64, 65, 127, 1537 };

static void
test_dense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  g_test_message ("kernels: %s", act_csr_kernel_name ());
  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint kind = 0; kind < N_KINDS; kind++) {
      for (guint choice = 0; choice < 3; choice++) {
        check_shape (rand, 0, widths[w], kind, choice);
        check_shape (rand, 1, widths[w], kind, choice);
        check_shape (rand, 5, widths[w], kind, choice);
      }
    }
  }
  check_shape (rand, 257, 1536, KIND_SPARSE, 1);
  check_shape (rand, 257, 1536, KIND_NEGATIVE, 1);
}

/* whether a dense's maximum has the sign of a zero right */
static void
test_column_max_minus_zero (void)
{
  const float dense[] = { -0.0f, -1.0f, -0.0f, -2.0f };
  float max[2];

  act_dense_column_max (dense, 2, 2, max);
  g_assert_true (same_bits (max[0], 0.0f));
  g_assert_true (same_bits (max[1], -1.0f));
}

static void
test_filter (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    gsize cols = widths[w];
    g_autofree float *dense = random_dense (rand, 9, cols, KIND_NEGATIVE);
    g_autofree guint8 *alive = random_alive (rand, cols, 1);
    gsize n = act_csr_count_dense (dense, 9, cols, NULL);
    g_autofree gint64 *indptr = g_new (gint64, 10 * 3);
    g_autofree gint32 *indices = g_new (gint32, (n + ACT_CSR_SLACK) * 3);
    g_autofree float *values = g_new (float, (n + ACT_CSR_SLACK) * 3);
    gint32 *indices2 = indices + n + ACT_CSR_SLACK;
    float *values2 = values + n + ACT_CSR_SLACK;
    gsize kept;

    act_csr_from_dense (dense, 9, cols, NULL, indptr, indices, values);
    if (n > 0)
      values[n / 2] = -0.0f; /* a stored zero is dropped too */
    act_csr_to_dense (9, cols, indptr, indices, values, dense);
    kept = act_csr_filter (9, cols, indptr, indices, values, alive, indptr + 10,
        indices2, values2);
    g_assert_cmpuint (kept, ==, act_csr_count_dense (dense, 9, cols, alive));
    /* and the same in its own arrays */
    g_assert_cmpuint (act_csr_filter (9, cols, indptr, indices, values, alive,
                          indptr, indices, values),
        ==, kept);
    g_assert_cmpmem (indptr, 80, indptr + 10, 80);
    g_assert_cmpmem (indices, kept * 4, indices2, kept * 4);
    g_assert_cmpmem (values, kept * 4, values2, kept * 4);
    act_csr_from_dense (dense, 9, cols, alive, indptr, indices, values);
    g_assert_cmpmem (indptr, 80, indptr + 10, 80);
    g_assert_cmpmem (indices, kept * 4, indices2, kept * 4);
    g_assert_cmpmem (values, kept * 4, values2, kept * 4);
  }
}

/* one row in its own arrays, with something behind that must not change */
static void
test_filter_edges (void)
{
  const guint8 alive[40] = { 0, 1, 1, 0, 255, 128, 0, 1 };

  for (gint32 n = 0; n <= 40; n++) {
    gint64 indptr[] = { 0, n / 3, n / 3, n };
    gint32 indices[80];
    float values[80];
    gsize kept = 0;

    for (gint32 i = 0; i < 80; i++) {
      indices[i] = i;
      values[i] = i % 5 == 4 ? -0.0f : 1.0f + (float) i;
    }
    g_assert_cmpuint (act_csr_filter (3, 40, indptr, indices, values, alive,
                          indptr, indices, values),
        ==, (gsize) indptr[3]);
    for (gint32 i = 0; i < n; i++) {
      if (alive[i] == 0 || i % 5 == 4)
        continue;
      g_assert_cmpint (indices[kept], ==, i);
      g_assert_true (same_bits (values[kept], 1.0f + (float) i));
      kept++;
    }
    g_assert_cmpint (indptr[3], ==, (gint64) kept);
    g_assert_cmpint (indptr[1], ==, indptr[2]);
    for (gint32 i = n; i < 80; i++) {
      g_assert_cmpint (indices[i], ==, i);
      g_assert_true (
          same_bits (values[i], i % 5 == 4 ? -0.0f : 1.0f + (float) i));
    }
  }
}

/* which columns are dead and whether they have values: as from the maxima */
static void
check_seen (GRand *rand, gsize n_rows, gsize n_cols, Kind kind, guint choice)
{
  g_autofree float *dense = random_dense (rand, n_rows, n_cols, kind);
  g_autofree guint8 *before = random_alive (rand, n_cols, choice);
  gsize n = act_csr_count_dense (dense, n_rows, n_cols, NULL), n_nonzero;
  g_autofree gint64 *indptr = g_new (gint64, n_rows + 1);
  g_autofree gint32 *indices = g_new (gint32, n + ACT_CSR_SLACK);
  g_autofree float *values = g_new (float, n + ACT_CSR_SLACK);
  g_autofree float *max = g_new (float, n_cols + 1);
  g_autofree guint8 *seen = g_malloc (2 * n_cols + 1);
  g_autofree guint8 *want = g_malloc (n_cols + 1);
  g_autofree guint8 *alive = g_malloc (n_cols + 1);
  gboolean drops, want_drops = FALSE;
  gsize n_dead;

  act_csr_from_dense (dense, n_rows, n_cols, NULL, indptr, indices, values);
  act_csr_column_max (n_rows, n_cols, indptr, indices, values, max);
  n_dead = act_filter_mark (n_cols, max, 0.9f, before, want);
  g_assert_true (
      act_filter_scan_csr (n, n_cols, indices, values, 0.9f, seen, &n_nonzero));
  g_assert_cmpuint (n_nonzero, ==, n);
  g_assert_cmpuint (
      act_filter_mark_seen (n_cols, seen, before, alive, &drops), ==, n_dead);
  g_assert_cmpmem (alive, n_cols, want, n_cols);
  for (gsize i = 0; i < n; i++)
    want_drops |= want[indices[i]] == 0;
  g_assert_cmpint (drops, ==, want_drops);
  g_assert_true (
      act_filter_scan_csr (n, n_cols, indices, values, 0, NULL, &n_nonzero));
  g_assert_cmpuint (n_nonzero, ==, n);
  if (n > 0) {
    values[n - 1] = -0.0f;
    act_filter_scan_csr (n, n_cols, indices, values, 0.9f, seen, &n_nonzero);
    g_assert_cmpuint (n_nonzero, ==, n - 1);
    values[n / 2] = NAN;
    g_assert_false (act_filter_scan_csr (
        n, n_cols, indices, values, 0.9f, seen, &n_nonzero));
  }
}

static void
test_seen (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);

  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint kind = 0; kind < N_KINDS; kind++) {
      for (guint choice = 0; choice < 3; choice++)
        check_seen (rand, 1 + w % 4, widths[w], kind, choice);
    }
  }
  check_seen (rand, 300, 100, KIND_FULL, 1); /* several tiles */
  check_seen (rand, 300, 100, KIND_SPARSE, 0);
}

static gboolean
naive_valid (
    gsize n_rows, gsize n_cols, const gint64 *indptr, const gint32 *indices)
{
  for (gsize row = 0; row < n_rows; row++) {
    for (gint64 i = indptr[row]; i < indptr[row + 1]; i++) {
      if (indices[i] < 0 || (gsize) indices[i] >= n_cols
          || (i > indptr[row] && indices[i] <= indices[i - 1]))
        return FALSE;
    }
  }
  return TRUE;
}

/* rows of many lengths, empty ones too, each index changed in turn */
static void
test_validate_rows (void)
{
  static const gint32 wrong[] = { -1, G_MININT32, G_MAXINT32, 0, 34, 35, 17 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint round = 0; round < 60; round++) {
    gint64 indptr[13] = { 0 };
    gint32 indices[12 * 35 + 1];

    for (guint row = 0; row < 12; row++) {
      gint64 n = indptr[row];

      for (gint32 col = 0; round % 4 != 0 && col < 35; col++) {
        indices[n] = col;
        n += g_rand_int_range (rand, 0, 4) < (gint32) (round % 4);
      }
      indptr[row + 1] = g_rand_int_range (rand, 0, 3) == 0 ? indptr[row] : n;
    }
    g_assert_true (
        act_csr_validate (12, 35, (gsize) indptr[12], indptr, indices, NULL));
    for (gint64 i = 0; i < indptr[12]; i++) {
      for (guint w = 0; w < G_N_ELEMENTS (wrong); w++) {
        g_autoptr (GError) error = NULL;
        gint32 was = indices[i];
        gboolean valid;

        indices[i] = wrong[w];
        valid = act_csr_validate (
            12, 35, (gsize) indptr[12], indptr, indices, &error);
        g_assert_cmpint (valid, ==, naive_valid (12, 35, indptr, indices));
        g_assert_cmpint (valid, ==, error == NULL);
        indices[i] = was;
      }
    }
  }
}

static void
test_nonfinite (void)
{
  const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
  g_autofree float *values = g_new (float, 2000);

  for (guint i = 0; i < 2000; i++)
    values[i] = i % 2 == 0 ? 3.4e38f : -1e-45f;
  g_assert_cmpint (act_find_nonfinite (values, 0), ==, -1);
  g_assert_cmpint (act_find_nonfinite (values, 2000), ==, -1);
  for (gsize n = 1; n < 150; n++) {
    for (gsize at = 0; at < n; at++) {
      float was = values[at];

      values[at] = bad[at % 4];
      g_assert_cmpint (act_find_nonfinite (values, n), ==, (gssize) at);
      g_assert_cmpint (act_find_nonfinite (values, at), ==, -1);
      values[at] = was;
    }
  }
  values[1234] = values[1999] = NAN;
  g_assert_cmpint (act_find_nonfinite (values, 2000), ==, 1234);
}

/* one reading: what is odd, wherever it is, and how many are not 0 */
static void
test_scan (void)
{
  const float odd[] = { NAN, -INFINITY, -NAN, INFINITY, -0.0f, 0.0f };
  g_autofree float *values = g_new (float, 200);
  g_autofree float *max = g_new (float, 200);
  gboolean minus_zero;
  gsize n_nonzero;

  for (guint i = 0; i < 200; i++)
    values[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 3.4e38f : -1e-45f;
  for (gsize n = 1; n < 150; n++) {
    for (gsize at = 0; at <= n; at++) {
      float was = values[at], put = odd[at % 6];
      gsize expected = n - (n + 2) / 3;
      gboolean finite;

      values[at] = put;
      finite = act_filter_scan_dense (
          values, 1, n, at % 2 == 0 ? max : NULL, &n_nonzero, &minus_zero);
      g_assert_cmpint (finite, ==, at == n || at % 6 >= 4);
      if (at < n && at % 6 >= 4 && was != 0)
        expected--;
      if (finite) {
        g_assert_cmpuint (n_nonzero, ==, expected);
        g_assert_cmpint (minus_zero, ==, at < n && at % 6 == 4);
      }
      values[at] = was;
    }
  }
  /* many tiles, the odd one in the last */
  {
    const gsize n_rows = 3000, n_cols = 37;
    g_autofree float *many = g_new0 (float, n_rows *n_cols);

    many[n_rows * n_cols - 1] = -0.0f;
    many[5] = 1;
    g_assert_true (act_filter_scan_dense (
        many, n_rows, n_cols, max, &n_nonzero, &minus_zero));
    g_assert_cmpuint (n_nonzero, ==, 1);
    g_assert_true (minus_zero);
    many[n_rows * n_cols - 1] = NAN;
    g_assert_false (act_filter_scan_dense (
        many, n_rows, n_cols, max, &n_nonzero, &minus_zero));
  }
}

/* what is counted, and that all is finite, in columns that are dead too */
static void
test_check_dense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);

  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint choice = 0; choice < 3; choice++) {
      g_autofree float *dense =
          random_dense (rand, 5, widths[w], KIND_MINUS_ZERO);
      g_autofree guint8 *alive = random_alive (rand, widths[w], choice);
      gsize n;

      g_assert_true (act_csr_check_dense (dense, 5, widths[w], alive, &n));
      g_assert_cmpuint (
          n, ==, act_csr_count_dense (dense, 5, widths[w], alive));
      if (widths[w] == 0)
        continue;
      dense[5 * widths[w] - 1] = NAN;
      g_assert_false (act_csr_check_dense (dense, 5, widths[w], alive, &n));
    }
  }
}

/* to another matrix, and where it is */
static void
test_filter_dense (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);

  for (guint w = 0; w < G_N_ELEMENTS (widths); w++) {
    for (guint choice = 0; choice < 3; choice++) {
      const gsize n_cols = widths[w], n = 5 * n_cols;
      g_autofree float *dense = random_dense (rand, 5, n_cols, KIND_MINUS_ZERO);
      g_autofree float *out = g_new (float, n + 1);
      g_autofree guint8 *alive = random_alive (rand, n_cols, choice);

      act_filter_dense (dense, 5, n_cols, alive, out);
      for (gsize i = 0; i < n; i++) {
        gboolean zero =
            dense[i] == 0 || (alive != NULL && alive[i % n_cols] == 0);

        g_assert_true (same_bits (out[i], zero ? 0.0f : dense[i]));
      }
      act_filter_dense (dense, 5, n_cols, alive, dense);
      g_assert_cmpmem (dense, n * sizeof (float), out, n * sizeof (float));
    }
  }
}

static void
check_invalid (gsize n_rows, gsize n_values, const gint64 *indptr,
    const gint32 *indices, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
      act_csr_validate (n_rows, 50, n_values, indptr, indices, &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_FORMAT);
  g_assert_true (g_pattern_match_simple (pattern, error->message));
}

static void
test_validate (void)
{
  const gint64 indptr[] = { 0, 20, 20, 40 };
  const gint64 late[] = { 1, 20, 20, 40 };
  const gint64 falls[] = { 0, 20, 19, 40 };
  const gint64 negative[] = { 0, 20, -1, 40 };
  gint32 indices[40];

  for (gint32 i = 0; i < 40; i++)
    indices[i] = i % 20 * 2;
  g_assert_true (act_csr_validate (3, 50, 40, indptr, indices, NULL));
  check_invalid (3, 41, indptr, indices, "indptr ends at 40*41*");
  check_invalid (3, 40, late, indices, "indptr begins with 1*");
  check_invalid (3, 40, falls, indices, "indptr falls from 20 to 19 at row 1*");
  check_invalid (3, 40, negative, indices, "indptr falls*");
  for (guint i = 1; i < 20; i++) {
    gint32 was = indices[20 + i];

    indices[20 + i] = indices[19 + i];
    check_invalid (3, 40, indptr, indices, "indices of row 2 do not ascend");
    indices[20 + i] = was;
  }
  indices[39] = 50;
  check_invalid (3, 40, indptr, indices, "index 50 in row 2 is out of range*");
  indices[39] = 38;
  indices[0] = -1;
  check_invalid (3, 40, indptr, indices, "index -1 in row 0 is out of range*");
}

/* Into lent arrays of any size: the same CSR, in them if they are enough for
 * what a row may have, and else moved; the arrays then serve the next. */
static void
test_lent_arrays (void)
{
  const gsize n_rows = 20, n_cols = 37, all = n_rows * n_cols + ACT_CSR_SLACK;
  GRand *rand = g_rand_new_with_seed (5);
  g_autofree float *dense = random_dense (rand, n_rows, n_cols, KIND_SPARSE);
  g_autofree gint64 *indptr = g_new (gint64, n_rows + 1);
  g_autofree gint32 *indices = g_new (gint32, all);
  g_autofree float *values = g_new (float, all);
  gsize n =
      act_csr_from_dense (dense, n_rows, n_cols, NULL, indptr, indices, values);
  ActCsrArrays arrays = { 0 };

  for (gsize room = 0; room <= all; room += 7) {
    g_autofree gint64 *lent_indptr = g_new (gint64, n_rows + 1);
    g_autofree gint32 *lent_indices = g_new (gint32, room + 1);
    g_autofree float *lent_values = g_new (float, room + 1);

    lent_indices[room] = -7;
    act_csr_arrays_lend (
        &arrays, n_rows, lent_indptr, room, lent_indices, lent_values);
    act_csr_arrays_from_dense (&arrays, dense, n_rows, n_cols);
    g_assert_cmpmem (arrays.indptr, (n_rows + 1) * sizeof *indptr, indptr,
        (n_rows + 1) * sizeof *indptr);
    g_assert_cmpmem (arrays.indices, arrays.n_values * sizeof *indices, indices,
        n * sizeof *indices);
    g_assert_cmpmem (arrays.values, arrays.n_values * sizeof *values, values,
        n * sizeof *values);
    g_assert_cmpint (arrays.lent, ==, arrays.indices == lent_indices);
    if (room < n)
      g_assert_false (arrays.lent);
    if (room >= n + n_cols + ACT_CSR_SLACK)
      g_assert_true (arrays.lent);
    g_assert_cmpint (lent_indices[room], ==, -7);
    act_csr_arrays_give_back (&arrays);
  }
  act_csr_arrays_clear (&arrays);
  g_assert_null (arrays.indptr);
  g_rand_free (rand);
}

/* Samples of which the first position alone has values: one in 128 rows, and
 * not all that are looked at. */
static void
test_density_of_samples (void)
{
  const gsize n_cols = 4, n_ctx = 128;

  for (gsize n_samples = 1; n_samples <= 256; n_samples *= 2) {
    const gsize n_rows = n_samples * n_ctx;
    g_autofree float *dense = g_new0 (float, n_rows *n_cols);

    for (gsize row = 0; row < n_rows; row += n_ctx)
      for (gsize i = 0; i < n_cols; i++)
        dense[row * n_cols + i] = 1.0f;
    g_assert_cmpfloat (
        act_csr_estimate_density (dense, n_rows, n_cols), <, 0.05);
  }
}

int
main (int argc, char **argv)
{
  const char *forced = g_getenv ("GST_ACTIVATIONS_CPU");

  if (forced != NULL && !g_str_equal (forced, act_csr_kernel_name ())) {
    g_print ("1..0 # SKIP this processor has no %s\n", forced);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/csr/dense", test_dense);
  g_test_add_func ("/csr/column-max-minus-zero", test_column_max_minus_zero);
  g_test_add_func ("/csr/filter", test_filter);
  g_test_add_func ("/csr/density-of-samples", test_density_of_samples);
  g_test_add_func ("/csr/lent-arrays", test_lent_arrays);
  g_test_add_func ("/csr/filter-edges", test_filter_edges);
  g_test_add_func ("/csr/seen", test_seen);
  g_test_add_func ("/csr/validate-rows", test_validate_rows);
  g_test_add_func ("/csr/nonfinite", test_nonfinite);
  g_test_add_func ("/csr/scan", test_scan);
  g_test_add_func ("/csr/check-dense", test_check_dense);
  g_test_add_func ("/csr/filter-dense", test_filter_dense);
  g_test_add_func ("/csr/validate", test_validate);
  return g_test_run ();
}
