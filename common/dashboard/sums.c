/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/sums.h"

#include <string.h>

#define PIECE 8192 /* values summed apart, then added one after another */
#define BLOCK 128  /* longest run that is not cut in two */
#define LANES 8    /* running sums of a block */

/* walks over the nonzeros; offset counts positions of all rows */
typedef struct {
  const ActRows *rows;
  gsize next; /* of the rows that hold values */
  gsize k, row_end;
  guint64 row_offset;
  guint64 offset; /* of value k; G_MAXUINT64 at the end */
} Cursor;

/* to the next row with values; k is its first */
static void
cursor_next_row (Cursor *cursor)
{
  const ActRows *rows = cursor->rows;
  gsize row;

  if (cursor->next == rows->n_full) {
    cursor->offset = G_MAXUINT64;
    return;
  }
  row = rows->full[cursor->next++];
  cursor->row_end = rows->indptr[row + 1];
  cursor->row_offset = (guint64) row * rows->n_ctx;
  cursor->offset = cursor->row_offset + (guint) rows->positions[cursor->k];
}

static inline float
cursor_take (Cursor *cursor)
{
  const ActRows *rows = cursor->rows;
  float value = rows->values[cursor->k++];

  if (cursor->k < cursor->row_end)
    cursor->offset = cursor->row_offset + (guint) rows->positions[cursor->k];
  else
    cursor_next_row (cursor);
  return value;
}

/* whether the value at hand is the only one before end: the sum then, whatever
 * the zeros are that are added to it */
static gboolean
is_last_before (const Cursor *cursor, guint64 end)
{
  const ActRows *rows = cursor->rows;
  gsize row;

  if (cursor->k + 1 < cursor->row_end)
    return cursor->row_offset + (guint) rows->positions[cursor->k + 1] >= end;
  if (cursor->next == rows->n_full)
    return TRUE;
  row = rows->full[cursor->next];
  return (guint64) row * rows->n_ctx + (guint) rows->positions[cursor->k + 1]
      >= end;
}

static float
sum_span (Cursor *cursor, guint64 start, guint64 n)
{
  guint64 end = start + n, half;
  float lane[LANES] = { 0.0f }, sum = 0.0f;

  if (cursor->offset >= end)
    return 0.0f;
  if (is_last_before (cursor, end))
    return cursor_take (cursor);
  if (n > BLOCK) {
    half = n / 2;
    half -= half % LANES;
    sum = sum_span (cursor, start, half);
    return sum + sum_span (cursor, start + half, n - half);
  }
  if (n >= LANES) {
    guint64 whole = end - n % LANES;

    while (cursor->offset < whole) {
      guint i = (cursor->offset - start) % LANES;
      lane[i] += cursor_take (cursor);
    }
    sum = ((lane[0] + lane[1]) + (lane[2] + lane[3]))
        + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  }
  while (cursor->offset < end)
    sum += cursor_take (cursor);
  return sum;
}

static float
sum_sparse (const ActRows *rows)
{
  guint64 n = act_rows_n_positions (rows), start;
  Cursor cursor = { .rows = rows };
  float sum = 0.0f;

  cursor_next_row (&cursor);
  while (cursor.offset < n) {
    start = cursor.offset - cursor.offset % PIECE;
    sum += sum_span (&cursor, start, MIN (PIECE, n - start));
  }
  return sum;
}

/* sum_span () of a piece that is there whole */
static float
sum_dense_span (const float *values, gsize n)
{
  float lane[LANES] = { 0.0f }, sum;
  gsize half, i = 0;

  if (n > BLOCK) {
    half = n / 2;
    half -= half % LANES;
    sum = sum_dense_span (values, half);
    return sum + sum_dense_span (values + half, n - half);
  }
  for (; i + LANES <= n; i += LANES)
    for (guint k = 0; k < LANES; k++)
      lane[k] += values[i + k];
  sum = ((lane[0] + lane[1]) + (lane[2] + lane[3]))
      + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  for (; i < n; i++)
    sum += values[i];
  return sum;
}

/* Where a good part is not zero, adding the zeros too costs less than going
 * from value to value. */
static float
sum_dense (const ActRows *rows)
{
  guint64 n = act_rows_n_positions (rows), end;
  float piece[PIECE], sum = 0.0f;
  gsize row = 0, k = 0;

  for (guint64 start = 0; start < n; start = end) {
    end = start + MIN (PIECE, n - start);
    memset (piece, 0, sizeof piece);
    while (row < rows->n_rows) {
      gsize row_end = rows->indptr[row + 1];
      gint64 offset = (gint64) ((guint64) row * rows->n_ctx - start);
      gint64 last = (gint64) (end - start) - offset;

      for (; k < row_end && rows->positions[k] < last; k++)
        piece[offset + rows->positions[k]] = rows->values[k];
      if (k < row_end)
        break;
      row++;
    }
    sum += sum_dense_span (piece, end - start);
  }
  return sum;
}

float
act_sum_rows (const ActRows *rows)
{
  guint64 n = act_rows_n_positions (rows);

  return n >= PIECE && rows->indptr[rows->n_rows] > n / 16 ? sum_dense (rows)
                                                           : sum_sparse (rows);
}

double
act_sum_f64 (const double *values, gsize n)
{
  double lane[LANES], sum = 0.0;
  gsize i = 0, half;

  if (n > BLOCK) {
    half = n / 2;
    half -= half % LANES;
    sum = act_sum_f64 (values, half);
    return sum + act_sum_f64 (values + half, n - half);
  }
  if (n >= LANES) {
    for (i = 0; i < LANES; i++)
      lane[i] = values[i];
    for (; i < n - n % LANES; i++)
      lane[i % LANES] += values[i];
    sum = ((lane[0] + lane[1]) + (lane[2] + lane[3]))
        + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  }
  for (; i < n; i++)
    sum += values[i];
  return sum;
}
