/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/segment.h"

#include <string.h>

#include "acterror.h"
#include "formats/safetensors.h"
#include "sparse/csr.h"
#include "store/values.h"

/* rows of all batches together */
typedef struct {
  const gint64 *indptr;
  const gint32 *indices;
  const float *values;
  guint64 n_values;
  gint64 *own_indptr; /* of the batch last given, from 0 */
} Rows;

struct _ActSegment {
  ActSafetensors *file;
  ActStoreShape shape;
  gsize n_batches;
  const gint64 *table; /* [n_batches, 4] */
  const gint32 *tokens;
  const guint8 *alive;
  guint64 n_samples;
  Rows components;
  Rows clusters; /* indptr NULL: none */
  guint8 *own_alive;
};

enum { INDEX, FIRST_SAMPLE, N_SAMPLES, N_VALUES, N_FIELDS };

static gboolean damaged (const ActSegment *self, GError **error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
damaged (const ActSegment *self, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is no valid segment: %s", act_safetensors_get_filename (self->file),
      what);
  return FALSE;
}

/* one that must be there; -> its data, or NULL */
static const void *
require (const ActSegment *self, const char *name, ActDtype dtype, guint n_dims,
    const guint64 *shape, GError **error)
{
  const ActTensor *tensor =
      act_safetensors_require (self->file, name, n_dims, shape, error);

  if (tensor == NULL)
    return NULL;
  if (tensor->dtype != dtype) {
    damaged (self, error, "tensor '%s' is of %s, expected %s", name,
        act_dtype_name (tensor->dtype), act_dtype_name (dtype));
    return NULL;
  }
  return tensor->data;
}

/* batches follow each other, and their parts add up */
static gboolean
check_table (ActSegment *self, GError **error)
{
  guint64 n_samples = 0, n_values = 0;

  for (gsize b = 0; b < self->n_batches; b++) {
    const gint64 *row = self->table + b * N_FIELDS, *last = row - N_FIELDS;

    if (row[INDEX] < 0 || row[FIRST_SAMPLE] < 0 || row[N_SAMPLES] <= 0
        || row[N_VALUES] < 0
        || row[N_SAMPLES] > G_MAXINT32 / (gint64) self->shape.n_ctx
        || row[N_VALUES] > G_MAXINT64 / 2 - (gint64) n_values
        || (b > 0
            && (row[INDEX] - 1 != last[INDEX]
                || row[FIRST_SAMPLE] - last[N_SAMPLES] != last[FIRST_SAMPLE])))
      return damaged (self, error,
          "row %" G_GSIZE_FORMAT " of 'batches' does not follow those before",
          b);
    n_samples += row[N_SAMPLES];
    if (n_samples > (guint64) G_MAXINT64 / 16 / self->shape.n_ctx)
      return damaged (self, error, "'batches' has too many samples");
    n_values += row[N_VALUES];
  }
  self->n_samples = n_samples;
  self->components.n_values = n_values;
  return TRUE;
}

static gboolean
read_table (ActSegment *self, GError **error)
{
  const guint64 shape[] = { 0, N_FIELDS };
  const ActTensor *tensor;

  self->table = require (self, "batches", ACT_DTYPE_I64, 2, shape, error);
  if (self->table == NULL)
    return FALSE;
  tensor = act_safetensors_lookup (self->file, "batches");
  self->n_batches = tensor->shape[0];
  if (self->n_batches == 0)
    return damaged (self, error, "it holds no batch");
  return check_table (self, error);
}

/* --- rows --- */

/* a bound of the shape pattern: 0 stands for any, so none is asked for */
static gboolean
has_length (const ActSegment *self, const char *name, guint64 n, GError **error)
{
  const ActTensor *tensor = act_safetensors_lookup (self->file, name);

  return tensor->shape[0] == n
      || damaged (self, error,
          "tensor '%s' has %" G_GUINT64_FORMAT
          " elements, expected %" G_GUINT64_FORMAT,
          name, tensor->shape[0], n);
}

static gboolean
read_rows (ActSegment *self, Rows *rows, const char *prefix, guint n_columns,
    GError **error)
{
  const gsize n_rows = self->n_samples * self->shape.n_ctx;
  const guint64 n_indptr = n_rows + 1, any = 0;
  g_autofree char *indptr = g_strconcat (prefix, "indptr", NULL);
  g_autofree char *indices = g_strconcat (prefix, "indices", NULL);
  g_autofree char *values = g_strconcat (prefix, "values", NULL);

  rows->indptr = require (self, indptr, ACT_DTYPE_I64, 1, &n_indptr, error);
  if (rows->indptr == NULL)
    return FALSE;
  rows->indices = require (self, indices, ACT_DTYPE_I32, 1, &any, error);
  if (rows->indices == NULL
      || !has_length (self, indices, rows->n_values, error))
    return FALSE;
  rows->values = require (self, values, ACT_DTYPE_F32, 1, &any, error);
  if (rows->values == NULL || !has_length (self, values, rows->n_values, error))
    return FALSE;
  if (!act_csr_validate (n_rows, n_columns, rows->n_values, rows->indptr,
          rows->indices, error)) {
    g_prefix_error (error, "'%s' is no valid segment: %s",
        act_safetensors_get_filename (self->file), prefix);
    return FALSE;
  }
  return act_values_are_plain (rows->values, rows->n_values)
      || damaged (self, error,
          "tensor '%s' has a value that is 0 or not finite", values);
}

/* each batch begins where the table says */
static gboolean
check_starts (const ActSegment *self, const Rows *rows, const gint64 *n_values,
    gsize stride, GError **error)
{
  guint64 row = 0, value = 0;

  for (gsize b = 0; b < self->n_batches; b++) {
    row += (guint64) self->table[b * N_FIELDS + N_SAMPLES] * self->shape.n_ctx;
    value += (guint64) n_values[b * stride];
    if ((guint64) rows->indptr[row] != value)
      return damaged (self, error,
          "batch %" G_GSIZE_FORMAT " has %" G_GINT64_FORMAT
          " values by its table, not by its rows",
          b, n_values[b * stride]);
  }
  return TRUE;
}

static gboolean
read_clusters (ActSegment *self, GError **error)
{
  const guint64 n = self->n_batches;
  const gint64 *table =
      require (self, "cluster_batches", ACT_DTYPE_I64, 1, &n, error);

  if (table == NULL)
    return FALSE;
  for (gsize b = 0; b < self->n_batches; b++) {
    if (table[b] < 0
        || table[b] > G_MAXINT64 / 2 - (gint64) self->clusters.n_values)
      return damaged (self, error, "'cluster_batches' has a wrong count");
    self->clusters.n_values += table[b];
  }
  return read_rows (
             self, &self->clusters, "cluster_", self->shape.n_clusters, error)
      && check_starts (self, &self->clusters, table, 1, error);
}

static gboolean
read_rest (ActSegment *self, gboolean with_clusters, GError **error)
{
  const guint64 n_bytes = ((guint64) self->shape.n_components + 7) / 8;
  const guint64 tokens[] = { self->n_samples, self->shape.n_ctx };
  const guint64 alive[] = { self->n_batches, n_bytes };

  if (!read_rows (self, &self->components, "", self->shape.n_components, error)
      || !check_starts (
          self, &self->components, self->table + N_VALUES, N_FIELDS, error)
      || (with_clusters && !read_clusters (self, error)))
    return FALSE;
  self->tokens = require (self, "tokens", ACT_DTYPE_I32, 2, tokens, error);
  if (self->tokens == NULL)
    return FALSE;
  self->alive = require (self, "alive", ACT_DTYPE_U8, 2, alive, error);
  return self->alive != NULL;
}

ActSegment *
act_segment_new (GBytes *bytes, const char *name, const ActStoreShape *shape,
    gboolean with_clusters, GError **error)
{
  g_autoptr (ActSegment) self = g_new0 (ActSegment, 1);

  self->shape = *shape;
  self->file = act_safetensors_new (bytes, name, error);
  if (self->file == NULL || !read_table (self, error)
      || !read_rest (self, with_clusters, error))
    return NULL;
  self->own_alive = g_new (guint8, shape->n_components);
  return g_steal_pointer (&self);
}

void
act_segment_free (ActSegment *self)
{
  if (self == NULL)
    return;
  act_safetensors_free (self->file);
  g_free (self->components.own_indptr);
  g_free (self->clusters.own_indptr);
  g_free (self->own_alive);
  g_free (self);
}

gsize
act_segment_get_n_batches (const ActSegment *self)
{
  return self->n_batches;
}

guint64
act_segment_get_n_samples (const ActSegment *self)
{
  return self->n_samples;
}

guint64
act_segment_get_n_values (const ActSegment *self)
{
  return self->components.n_values;
}

ActBatchRange
act_segment_get_range (const ActSegment *self, gsize i)
{
  const gint64 *row = self->table + i * N_FIELDS;

  return (ActBatchRange){ (guint64) row[INDEX], (guint64) row[FIRST_SAMPLE],
    (guint32) row[N_SAMPLES] };
}

/* of all before the i-th batch in the segment */
static gsize
count_samples_before (const ActSegment *self, gsize i)
{
  return act_segment_get_range (self, i).first_sample
      - act_segment_get_range (self, 0).first_sample;
}

const gint32 *
act_segment_get_tokens (const ActSegment *self, gsize i)
{
  return self->tokens + count_samples_before (self, i) * self->shape.n_ctx;
}

static ActCsr
get_rows (Rows *rows, gsize first, gsize n_rows)
{
  const gint64 start = rows->indptr[first];

  rows->own_indptr = g_renew (gint64, rows->own_indptr, n_rows + 1);
  for (gsize i = 0; i <= n_rows; i++)
    rows->own_indptr[i] = rows->indptr[first + i] - start;
  return (ActCsr){ rows->own_indptr, rows->indices + start,
    rows->values + start, (gsize) rows->own_indptr[n_rows] };
}

/* NULL where all are */
static const guint8 *
get_alive (ActSegment *self, gsize i)
{
  const gsize n = self->shape.n_components;
  const guint8 *bits = self->alive + i * ((n + 7) / 8);
  gboolean all = TRUE;

  for (gsize c = 0; c < n; c++) {
    self->own_alive[c] = bits[c / 8] >> (c % 8) & 1;
    all &= self->own_alive[c];
  }
  return all ? NULL : self->own_alive;
}

void
act_segment_get (ActSegment *self, gsize i, ActStoredBatch *batch)
{
  const ActBatchRange range = act_segment_get_range (self, i);
  const gsize n_ctx = self->shape.n_ctx;
  const gsize first_sample = count_samples_before (self, i);
  gsize n_rows = range.n_samples * n_ctx;

  *batch = (ActStoredBatch){
    .index = range.index,
    .first_sample = range.first_sample,
    .n_samples = range.n_samples,
    .tokens = act_segment_get_tokens (self, i),
    .alive = get_alive (self, i),
    .components = get_rows (&self->components, first_sample * n_ctx, n_rows),
  };
  if (self->clusters.indptr != NULL)
    batch->clusters = get_rows (&self->clusters, first_sample * n_ctx, n_rows);
}
