/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The kernels of csr.h in plain C: reference and fallback. */

#include <math.h>
#include <string.h>

#include "sparse/kernels.h"

static gsize
count_row (const float *row, gsize n, const guint8 *alive)
{
  gsize count = 0;

  /* NaN counts as a value; -0.0 does not */
  if (alive == NULL) {
    for (gsize i = 0; i < n; i++)
      count += row[i] != 0.0f;
  } else {
    for (gsize i = 0; i < n; i++)
      count += (row[i] != 0.0f) & (alive[i] != 0);
  }
  return count;
}

static gsize
row_from_dense (const float *row, gsize n, const guint8 *alive, gint32 *indices,
    float *values)
{
  gsize count = 0;

  /* written always, kept only if it counts: no branch to guess wrong */
  for (gsize i = 0; i < n; i++) {
    indices[count] = (gint32) i;
    values[count] = row[i];
    count += (row[i] != 0.0f) & (alive == NULL || alive[i] != 0);
  }
  return count;
}

static void
max_row (const float *row, gsize n, float *max)
{
  for (gsize i = 0; i < n; i++)
    max[i] = row[i] > max[i] ? row[i] : max[i];
}

static gssize
find_nonfinite (const float *values, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (!isfinite (values[i]))
      return (gssize) i;
  }
  return -1;
}

/* Without the sign, what is not finite is above all else; as a signed integer
 * -0.0 is the least. */
static guint
scan (const float *values, gsize n, gsize *n_nonzero)
{
  guint32 largest = 0;
  gint32 least = 0;
  gsize count = 0;

  for (gsize i = 0; i < n; i++) {
    guint32 bits, magnitude;

    memcpy (&bits, &values[i], sizeof bits);
    magnitude = bits & 0x7fffffffu;
    largest = MAX (largest, magnitude);
    least = MIN (least, (gint32) bits);
    count += magnitude != 0;
  }
  *n_nonzero = count;
  return (largest >= 0x7f800000u ? ACT_SCAN_NOT_FINITE : 0)
      | (least == G_MININT32 ? ACT_SCAN_MINUS_ZERO : 0);
}

static gsize
count_descents (const gint32 *indices, gsize n, gsize n_cols)
{
  gsize count = 0;
  guint outside = 0;

  for (gsize i = 0; i < n; i++)
    outside |= (guint32) indices[i] >= n_cols;
  for (gsize i = 1; i < n; i++)
    count += indices[i - 1] >= indices[i];
  return outside ? G_MAXSIZE : count;
}

static gsize
filter_row (const gint32 *indices, const float *values, gsize n,
    const guint8 *alive, gint32 *out_indices, float *out_values)
{
  gsize count = 0;

  for (gsize i = 0; i < n; i++) {
    gint32 column = indices[i];
    float value = values[i];

    out_indices[count] = column;
    out_values[count] = value;
    count += (alive[column] != 0) & (value != 0.0f);
  }
  return count;
}

static gboolean
any_negative (const float *values, gsize n)
{
  guint found = 0;

  for (gsize i = 0; i < n; i++)
    found |= values[i] < 0.0f;
  return found != 0;
}

/* groups of one column: without wide instructions, looking at sixteen for the
 * two that have a value took twice as long */
static gsize
take_groups (const ActGroups *groups, gint32 *indices, float *values)
{
  gsize count = 0;

  for (gsize word = 0; word < groups->n_words; word++) {
    guint64 marks = groups->marks[word];

    groups->marks[word] = 0;
    for (; marks != 0; marks &= marks - 1) {
      gsize i = word * 64 + (gsize) __builtin_ctzll (marks);
      float value = groups->row[i];

      groups->row[i] = 0.0f;
      if (groups->divisors != NULL)
        value /= groups->divisors[i];
      indices[count] = (gint32) i;
      values[count] = value;
      count += value != 0.0f;
    }
  }
  return count;
}

static gsize
take_signed_groups (const ActGroups *groups, gint32 *indices, float *values)
{
  gsize count = 0;

  for (gsize word = 0; word < groups->n_words; word++) {
    guint64 marks = groups->marks[word];

    groups->marks[word] = 0;
    for (; marks != 0; marks &= marks - 1) {
      gsize i = word * 64 + (gsize) __builtin_ctzll (marks);
      float value = groups->row[i];

      if (value < 0.0f && groups->counts[i] < groups->full[i])
        value = 0.0f;
      groups->row[i] = -INFINITY;
      groups->counts[i] = 0;
      indices[count] = (gint32) i;
      values[count] = value;
      count += value != 0.0f;
    }
  }
  return count;
}

const ActCsrKernels act_csr_kernels_c = {
  .name = "c",
  .count_row = count_row,
  .row_from_dense = row_from_dense,
  .max_row = max_row,
  .find_nonfinite = find_nonfinite,
  .scan = scan,
  .count_descents = count_descents,
  .filter_row = filter_row,
  .any_negative = any_negative,
  .group_shift = 0,
  .take_groups = take_groups,
  .take_signed_groups = take_signed_groups,
};
