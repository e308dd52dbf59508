/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/segment.h"

#include <string.h>

#include "formats/safetensors.h"
#include "store/batchrows.h"

/* numbers of an indptr that are counted on at a time */
#define PIECE 4096
/* of indices or values that dense rows are gathered in */
#define GATHERED ((gsize) 1 << 15)

typedef struct {
  const ActStoreShape *shape;
  const ActStoredBatch *const *batches;
  gsize n_batches;
  gboolean with_clusters;
  ActSegmentAppend append;
  gpointer user_data;
} Writer;

static const ActCsr *
csr_of (const ActStoredBatch *batch, gboolean clusters)
{
  return clusters ? &batch->clusters : &batch->components;
}

static gsize
n_positions (const Writer *w, const ActStoredBatch *batch)
{
  return (gsize) batch->n_samples * w->shape->n_ctx;
}

static gboolean
append (const Writer *w, const void *data, gsize size, GError **error)
{
  return size == 0 || w->append (w->user_data, data, size, error);
}

/* --- what there is, for the header --- */

typedef struct {
  guint64 n_samples;
  guint64 n_values[2]; /* components, clusters */
} Totals;

static Totals
count (const Writer *w)
{
  Totals totals = { 0 };

  for (gsize b = 0; b < w->n_batches; b++) {
    totals.n_samples += w->batches[b]->n_samples;
    totals.n_values[0] += w->batches[b]->components.n_values;
    totals.n_values[1] += w->batches[b]->clusters.n_values;
  }
  return totals;
}

static gboolean
append_header (const Writer *w, GError **error)
{
  static const char *const metadata[] = { "format", "gst-activations-segment",
    "version", "1", NULL };
  const Totals t = count (w);
  const guint64 n_ctx = w->shape->n_ctx, n = w->n_batches;
  const guint64 n_bytes = ((guint64) w->shape->n_components + 7) / 8;
  const guint64 n_rows = t.n_samples * n_ctx + 1;
  /* names, types and shapes, largest elements first: so all are aligned */
  const ActTensor tensors[] = {
    { "batches", ACT_DTYPE_I64, 2, { n, 4 } },
    { "indptr", ACT_DTYPE_I64, 1, { n_rows } },
    { "cluster_batches", ACT_DTYPE_I64, 1, { n } },
    { "cluster_indptr", ACT_DTYPE_I64, 1, { n_rows } },
    { "tokens", ACT_DTYPE_I32, 2, { t.n_samples, n_ctx } },
    { "indices", ACT_DTYPE_I32, 1, { t.n_values[0] } },
    { "values", ACT_DTYPE_F32, 1, { t.n_values[0] } },
    { "cluster_indices", ACT_DTYPE_I32, 1, { t.n_values[1] } },
    { "cluster_values", ACT_DTYPE_F32, 1, { t.n_values[1] } },
    { "alive", ACT_DTYPE_U8, 2, { n, n_bytes } },
  };
  ActTensor used[G_N_ELEMENTS (tensors)];
  guint n_used = 0;
  g_autoptr (GString) header = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    if (w->with_clusters || !g_str_has_prefix (tensors[i].name, "cluster_"))
      used[n_used++] = tensors[i];
  header = act_safetensors_header (used, n_used, metadata, error);
  return header != NULL && append (w, header->str, header->len, error);
}

/* --- the data, in the header's order --- */

static gboolean
append_table (const Writer *w, GError **error)
{
  for (gsize b = 0; b < w->n_batches; b++) {
    const ActStoredBatch *batch = w->batches[b];
    gint64 row[4] = { (gint64) batch->index, (gint64) batch->first_sample,
      batch->n_samples, (gint64) batch->components.n_values };

    if (!append (w, row, sizeof row, error))
      return FALSE;
  }
  return TRUE;
}

/* each batch's own begins at 0 */
static gboolean
append_csr_rows (const Writer *w, const ActCsr *csr, gsize n_rows, gint64 base,
    GError **error)
{
  gint64 piece[PIECE];

  for (gsize row = 0, n; row < n_rows; row += n) {
    n = MIN (n_rows - row, PIECE);
    for (gsize i = 0; i < n; i++)
      piece[i] = base + csr->indptr[row + i + 1];
    if (!append (w, piece, n * sizeof piece[0], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_dense_rows (
    const Writer *w, const ActBatchRows *rows, gint64 base, GError **error)
{
  gint64 piece[PIECE];

  for (gsize row = 0, n; row < rows->n_rows; row += n) {
    n = MIN (rows->n_rows - row, PIECE);
    for (gsize i = 0; i < n; i++)
      piece[i] = base += (gint64) act_batch_rows_count (rows, row + i);
    if (!append (w, piece, n * sizeof piece[0], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_indptr (const Writer *w, gboolean clusters, GError **error)
{
  gint64 base = 0;
  gboolean done = append (w, &base, sizeof base, error);

  for (gsize b = 0; done && b < w->n_batches; b++) {
    const ActStoredBatch *batch = w->batches[b];
    const ActCsr *csr = csr_of (batch, clusters);
    ActBatchRows rows;

    act_batch_rows_init (
        &rows, batch, n_positions (w, batch), w->shape->n_components);
    done = !clusters && batch->dense != NULL
        ? append_dense_rows (w, &rows, base, error)
        : append_csr_rows (w, csr, rows.n_rows, base, error);
    act_batch_rows_clear (&rows);
    base += (gint64) csr->n_values;
  }
  return done;
}

static gboolean
append_cluster_table (const Writer *w, GError **error)
{
  for (gsize b = 0; b < w->n_batches; b++) {
    gint64 n = (gint64) w->batches[b]->clusters.n_values;

    if (!append (w, &n, sizeof n, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_tokens (const Writer *w, GError **error)
{
  for (gsize b = 0; b < w->n_batches; b++) {
    const ActStoredBatch *batch = w->batches[b];

    if (!append (w, batch->tokens,
            (gsize) batch->n_samples * w->shape->n_ctx * sizeof (gint32),
            error))
      return FALSE;
  }
  return TRUE;
}

/* The indices, or the values, of a dense batch, many rows at a time. */
static gboolean
append_gathered (
    const Writer *w, const ActBatchRows *rows, gboolean indices, GError **error)
{
  const gsize room = GATHERED + rows->n_columns;
  g_autofree guint32 *gathered = g_new (guint32, room);
  gsize n = 0;

  G_STATIC_ASSERT (sizeof (gint32) == 4 && sizeof (float) == 4);
  for (gsize p = 0; p < rows->n_rows; p++) {
    const ActBatchRow row = act_batch_rows_get (rows, p);

    memcpy (gathered + n,
        indices ? (const void *) row.indices : (const void *) row.values,
        row.n * sizeof *gathered);
    n += row.n;
    if (n + rows->n_columns <= room && p + 1 < rows->n_rows)
      continue;
    if (!append (w, gathered, n * sizeof *gathered, error))
      return FALSE;
    n = 0;
  }
  return TRUE;
}

static gboolean
append_dense (const Writer *w, const ActStoredBatch *batch, gboolean indices,
    GError **error)
{
  ActBatchRows rows;
  gboolean done;

  act_batch_rows_init (
      &rows, batch, n_positions (w, batch), w->shape->n_components);
  done = !indices && act_batch_rows_are_full (&rows)
      ? append (
          w, batch->dense, batch->components.n_values * sizeof (float), error)
      : append_gathered (w, &rows, indices, error);
  act_batch_rows_clear (&rows);
  return done;
}

static gboolean
append_numbers (
    const Writer *w, gboolean clusters, gboolean indices, GError **error)
{
  for (gsize b = 0; b < w->n_batches; b++) {
    const ActStoredBatch *batch = w->batches[b];
    const ActCsr *csr = csr_of (batch, clusters);
    gboolean done;

    if (!clusters && batch->dense != NULL)
      done = append_dense (w, batch, indices, error);
    else if (indices)
      done = append (w, csr->indices, csr->n_values * sizeof (gint32), error);
    else
      done = append (w, csr->values, csr->n_values * sizeof (float), error);
    if (!done)
      return FALSE;
  }
  return TRUE;
}

static gboolean
append_values (const Writer *w, gboolean clusters, GError **error)
{
  return append_numbers (w, clusters, TRUE, error)
      && append_numbers (w, clusters, FALSE, error);
}

/* bit i of a row, lowest first in each byte, is component i */
static gboolean
append_alive (const Writer *w, GError **error)
{
  const gsize n = w->shape->n_components;
  g_autofree guint8 *bits = g_new (guint8, (n + 7) / 8);

  for (gsize b = 0; b < w->n_batches; b++) {
    const guint8 *alive = w->batches[b]->alive;

    memset (bits, 0, (n + 7) / 8);
    for (gsize i = 0; i < n; i++)
      bits[i / 8] |= (alive == NULL || alive[i] != 0) << (i % 8);
    if (!append (w, bits, (n + 7) / 8, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
act_segment_write (const ActStoreShape *shape,
    const ActStoredBatch *const *batches, gsize n_batches,
    gboolean with_clusters, ActSegmentAppend append_func, gpointer user_data,
    GError **error)
{
  const Writer w = { shape, batches, n_batches, with_clusters, append_func,
    user_data };

  return append_header (&w, error) && append_table (&w, error)
      && append_indptr (&w, FALSE, error)
      && (!with_clusters
          || (append_cluster_table (&w, error)
              && append_indptr (&w, TRUE, error)))
      && append_tokens (&w, error) && append_values (&w, FALSE, error)
      && (!with_clusters || append_values (&w, TRUE, error))
      && append_alive (&w, error);
}
