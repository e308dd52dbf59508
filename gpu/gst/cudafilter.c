/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/cudafilter.h"

#include <string.h>

#include "gpu/gpucsr.h"
#include "gst/shared/deadfilter.h"

/* what the kernels say of a batch */
typedef struct {
  ActGpuResult scan;
  ActGpuResult csr;
  gint64 n_dead;
} Results;

/* the run of one batch; pointers are the device's */
typedef struct {
  ActCudaFilter *filter;
  GstActCudaUser *user;
  GstActCudaBatch batch;
  ActGpuStream stream;

  Results *results;
  gfloat *max;
  guint8 *before; /* NULL: all were alive */
  guint8 *alive;  /* NULL: all are; if the filter marks it, behind results */
  gpointer workspace;
  gsize workspace_size;
  Results read;   /* in the computer's memory */
  GBytes *marked; /* alive there, if the filter marks it */
} Run;

void
act_cuda_filter_clear (ActCudaFilter *filter)
{
  g_clear_pointer (&filter->scratch, gst_memory_unref);
  filter->last_values = 0;
}

static gboolean
check (ActGpuStatus status, const gchar *what, GError **error)
{
  if (status == ACT_GPU_OK)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED, "%s: %s", what,
      act_gpu_status_string (status));
  return FALSE;
}

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->marked, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* takes size bytes from a scratch memory, at a place that fits any type */
static gsize
cut (gsize *end, gsize size)
{
  gsize begin = *end;

  *end += (size + 255) & ~(gsize) 255;
  return begin;
}

static gboolean
run_prepare (Run *run, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  gsize n = b->n_components, end = 0;
  gsize results = cut (&end, sizeof (Results)), alive = cut (&end, n);
  gsize max = cut (&end, n * sizeof (gfloat));
  gsize before = cut (&end, n), workspace;
  gpointer data;
  guint8 *base;

  run->workspace_size = MAX (act_gpu_column_max_workspace_size (n),
      MAX (act_gpu_csr_filter_workspace_size (b->n_positions),
          act_gpu_csr_from_dense_workspace_size (b->n_positions, n)));
  workspace = cut (&end, run->workspace_size);
  if (!gst_act_cuda_scratch (
          run->user, &run->filter->scratch, end, &data, error))
    return FALSE;
  base = data;
  run->results = (Results *) (base + results);
  run->max = (gfloat *) (base + max);
  run->workspace = base + workspace;
  run->alive = base + alive;
  if (b->alive == NULL)
    return TRUE;
  run->before = base + before;
  return gst_act_cuda_write (
      run->user, run->before, g_bytes_get_data (b->alive, NULL), n, error);
}

/* One reading of all values: largest of each column, NaN, number of nonzeros;
 * then which columns are alive. */
static gboolean
run_scan (Run *run, gfloat threshold, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  ActGpuStatus status;

  if (b->layout == GST_ACT_LAYOUT_DENSE)
    status = act_gpu_dense_column_max (b->n_positions, b->n_components,
        b->values, run->max, &run->results->scan, run->workspace,
        run->workspace_size, run->stream);
  else
    status = act_gpu_csr_column_max (b->n_positions, b->n_components, b->indptr,
        b->indices, b->values, run->max, &run->results->scan, run->workspace,
        run->workspace_size, run->stream);
  if (!check (status, "the largest values", error))
    return FALSE;
  /* nothing is below 0 then, and what was dead stays so */
  if (!(threshold > 0.0f)) {
    run->alive = run->before;
    return TRUE;
  }
  return check (
      act_gpu_filter_mark (b->n_components, run->max, threshold, run->before,
          run->alive, &run->results->n_dead, run->stream),
      "the dead components", error);
}

/* Results, and alive with them: to wait once is what takes time. */
static gboolean
run_read (Run *run, gfloat threshold, GError **error)
{
  gboolean marks = threshold > 0.0f;
  gsize before = marks ? (gsize) (run->alive - (guint8 *) run->results) : 0;
  gsize n = run->batch.n_components;
  gsize size = marks ? before + n : sizeof run->read;
  g_autofree guint8 *read = g_malloc (size);

  if (!gst_act_cuda_read (run->user, read, run->results, size, error))
    return FALSE;
  memcpy (&run->read, read, sizeof run->read);
  if (!marks)
    run->read.n_dead = 0;
  else if (run->read.n_dead > 0 && run->marked == NULL)
    run->marked = g_bytes_new (read + before, n);
  return TRUE;
}

/* The CPU finds it again, and says where it is. */
static gboolean
check_finite (
    const Run *run, const GstActInfo *info, GstBuffer *input, GError **error)
{
  GstActBatch batch;

  if (run->read.scan.first_bad == ACT_GPU_NONE)
    return TRUE;
  if (!gst_act_batch_map (&batch, input, info, GST_ACT_MAP_COMPONENTS, error))
    return FALSE;
  if (gst_act_batch_check_finite (&batch, info, error))
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "the CUDA device found a value that is not finite, the CPU did not");
  gst_act_batch_unmap (&batch);
  return FALSE;
}

static gboolean
store_csr (Run *run, GstActCudaCsr *csr, GstBuffer *out, gsize n_values,
    GError **error)
{
  if (n_values <= csr->capacity)
    return gst_act_cuda_csr_store (csr, out, GST_ACT_BLOCK_COMPONENT_INDPTR,
        run->batch.n_positions, run->batch.n_components, n_values, error);
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
      "the CUDA device gives %" G_GSIZE_FORMAT " values of %" G_GSIZE_FORMAT,
      n_values, csr->capacity);
  return FALSE;
}

/* No more comes out than went in, so the CSR is made before anything is known,
 * and waited for once. */
static gboolean
csr_to_csr (Run *run, const GstActInfo *info, gfloat threshold,
    GstBuffer *input, GstBuffer *out, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  GstActCudaCsr csr;
  ActGpuCsr to;
  gboolean done;

  if (!gst_act_cuda_csr_new (
          &csr, run->user, b->n_positions, b->n_values, error))
    return FALSE;
  to = (ActGpuCsr){ csr.indptr, csr.indices, csr.values,
    (int64_t) csr.capacity };
  done = run_scan (run, threshold, error)
      && check (act_gpu_csr_filter (b->n_positions, b->n_components, b->indptr,
                    b->indices, b->values, run->alive, &to, &run->results->csr,
                    run->workspace, run->workspace_size, run->stream),
          "the filter", error)
      && run_read (run, threshold, error)
      && check_finite (run, info, input, error);
  /* zeros are never stored: with one among them the new CSR is another */
  if (done && (gsize) run->read.csr.n_values == b->n_values)
    done = act_filter_share (input, out, error);
  else if (done)
    done = store_csr (run, &csr, out, (gsize) run->read.csr.n_values, error);
  gst_act_cuda_csr_clear (&csr);
  return done;
}

/* Batches are nearly alike: about what the last one had will do, and where it
 * does not, the second try knows. */
static gsize
guess (const Run *run)
{
  gsize last = run->filter->last_values, most = run->batch.n_values;

  return MIN (most, (last == 0 ? most / 16 : last + last / 4) + 1024);
}

static gboolean
make_csr (Run *run, GstActCudaCsr *csr, gsize capacity, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  ActGpuCsr to;

  if (!gst_act_cuda_csr_new (csr, run->user, b->n_positions, capacity, error))
    return FALSE;
  to = (ActGpuCsr){ csr->indptr, csr->indices, csr->values,
    (int64_t) csr->capacity };
  return check (act_gpu_csr_from_dense (b->n_positions, b->n_components,
                    b->values, run->alive, &to, &run->results->csr,
                    run->workspace, run->workspace_size, run->stream),
      "the nonzeros", error);
}

static gboolean
dense_to_csr (Run *run, const GstActInfo *info, gfloat threshold,
    GstBuffer *input, GstBuffer *out, GError **error)
{
  GstActCudaCsr csr = { { NULL } };
  gsize capacity = guess (run);
  gboolean done = run_scan (run, threshold, error);

  do {
    gst_act_cuda_csr_clear (&csr);
    done = done && make_csr (run, &csr, capacity, error)
        && run_read (run, threshold, error);
    capacity = (gsize) run->read.csr.n_values;
  } while (done && run->read.csr.overflow);
  done = done && check_finite (run, info, input, error)
      && store_csr (run, &csr, out, capacity, error);
  run->filter->last_values = capacity;
  gst_act_cuda_csr_clear (&csr);
  return done;
}

static gboolean
to_dense (Run *run, GstBuffer *out, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  gsize n = b->n_positions * b->n_components, size;
  const gfloat *from = b->values;
  g_autoptr (GstMemory) whole = NULL;
  GstMemory *memory;
  ActGpuStatus status = ACT_GPU_OK;

  if (!g_size_checked_mul (&size, n, sizeof (gfloat)))
    size = G_MAXSIZE; /* refused, with the words for it */
  if (b->layout == GST_ACT_LAYOUT_CSR) {
    whole = gst_act_cuda_memory_new (
        run->user->allocator, run->user->stream, size, error);
    if (whole == NULL)
      return FALSE;
    from = gst_act_cuda_memory_get_data (whole);
    status = act_gpu_csr_to_dense (b->n_positions, b->n_components, b->indptr,
        b->indices, b->values, (gfloat *) from, run->stream);
  }
  memory = gst_act_cuda_memory_new (
      run->user->allocator, run->user->stream, size, error);
  if (memory == NULL)
    return FALSE;
  if (status == ACT_GPU_OK)
    status = act_gpu_filter_dense (b->n_positions, b->n_components, from,
        run->alive, gst_act_cuda_memory_get_data (memory), run->stream);
  if (!check (status, "the dense matrix", error)) {
    gst_memory_unref (memory);
    return FALSE;
  }
  gst_act_cuda_memory_filled (memory, size);
  return gst_act_buffer_set_block (
      out, GST_ACT_BLOCK_COMPONENT_VALUES, memory, error);
}

gboolean
act_cuda_filter_run (ActCudaFilter *filter, GstActCudaUser *user,
    const GstActInfo *info, gfloat threshold, GstActLayout layout,
    GstBuffer *input, GstBuffer *out, GError **error)
{
  g_auto (Run) run = { filter, user };
  gboolean done;

  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (user));
  run.stream = gst_act_cuda_user_get_stream (user);
  if (!gst_act_cuda_batch_get (
          &run.batch, input, info, GST_ACT_MAP_COMPONENTS, user, error)
      || !run_prepare (&run, error))
    return FALSE;
  if (layout == GST_ACT_LAYOUT_DENSE)
    done = run_scan (&run, threshold, error)
        && run_read (&run, threshold, error)
        && check_finite (&run, info, input, error)
        && to_dense (&run, out, error);
  else if (info->layout == GST_ACT_LAYOUT_DENSE)
    done = dense_to_csr (&run, info, threshold, input, out, error);
  else
    done = csr_to_csr (&run, info, threshold, input, out, error);
  /* to dense does not wait */
  if (done && layout == GST_ACT_LAYOUT_CSR)
    gst_act_cuda_batch_done (&run.batch);
  if (done && run.marked != NULL)
    gst_act_batch_meta_set_alive (gst_act_batch_meta_get (out), run.marked);
  return done;
}
