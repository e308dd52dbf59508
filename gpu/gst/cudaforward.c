/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/cudaforward.h"

#include <string.h>

/* floats that go to the device at once */
#define CHUNK ((gsize) 4 << 20)
/* of the components, where nothing is known yet: one in this many */
#define FIRST_GUESS 32

static gboolean
check (ActGpuStatus status, const gchar *what, GError **error)
{
  if (status == ACT_GPU_OK)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED, "%s: %s", what,
      act_gpu_status_string (status));
  return FALSE;
}

/* --- weights --- */

/* n floats of host, to where they are or, rounded, to bfloat16 */
static gboolean
upload_chunk (ActCudaForward *self, guint8 *to, const float *host, gsize n,
    gboolean rounded, GError **error)
{
  gpointer whole = to;

  if (rounded
      && !gst_act_cuda_scratch (
          self->user, &self->scratch, n * sizeof (float), &whole, error))
    return FALSE;
  if (!gst_act_cuda_write (self->user, whole, host, n * sizeof (float), error))
    return FALSE;
  return !rounded
      || check (act_gpu_to_bf16 (
                    n, whole, to, gst_act_cuda_user_get_stream (self->user)),
          "weights in bfloat16", error);
}

/* an ActGpuUpload */
static void *
upload (gpointer data, const float *host, gsize n_floats, gboolean convert,
    GError **error)
{
  ActCudaForward *self = data;
  gsize element_size =
      convert ? act_gpu_products_element_size (self->products) : sizeof (float);
  GstMemory *memory = gst_act_cuda_memory_new_uncounted (self->user->allocator,
      self->user->stream, n_floats * element_size, error);
  guint8 *to;

  if (memory == NULL) {
    g_prefix_error (error, "the model's weights: ");
    return NULL;
  }
  g_ptr_array_add (self->weights, memory);
  to = gst_act_cuda_memory_get_data (memory);
  for (gsize i = 0; i < n_floats; i += CHUNK)
    if (!upload_chunk (self, to + i * element_size, host + i,
            MIN (CHUNK, n_floats - i), element_size != sizeof (float), error))
      return NULL;
  return to;
}

gboolean
act_cuda_forward_open (ActCudaForward *self, GstActCudaUser *user,
    ActModel *model, const guint8 *selected, ActGpuPrecision precision,
    GError **error)
{
  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (user));
  self->user = user;
  self->model = act_model_ref (model);
  self->weights =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_memory_unref);
  if (check (act_gpu_products_new (precision, &self->products),
          "matrix products", error))
    self->gpu = act_gpu_model_new (model, selected,
        act_model_get_max_sequence_length (model), upload, self, error);
  if (self->gpu != NULL)
    return TRUE;
  act_cuda_forward_close (self);
  return FALSE;
}

void
act_cuda_forward_close (ActCudaForward *self)
{
  if (self->user != NULL)
    gst_act_cuda_device_enter (gst_act_cuda_user_get_device (self->user));
  g_clear_pointer (&self->gpu, act_gpu_model_free);
  g_clear_pointer (&self->products, act_gpu_products_free);
  g_clear_pointer (&self->weights, g_ptr_array_unref);
  g_clear_pointer (&self->scratch, gst_memory_unref);
  g_clear_pointer (&self->model, act_model_unref);
  self->last_values = 0;
  self->user = NULL;
}

/* --- batches --- */

typedef struct {
  GstActCudaBatch batch;
  ActGpuResult *result; /* on the device */
  gpointer workspace;
  gsize workspace_size;
} Run;

static gboolean
prepare (ActCudaForward *self, Run *run, gsize workspace_size, GError **error)
{
  gpointer data;

  run->workspace_size = workspace_size;
  if (!gst_act_cuda_scratch (
          self->user, &self->scratch, 256 + workspace_size, &data, error))
    return FALSE;
  run->result = data;
  run->workspace = (guint8 *) data + 256;
  return TRUE;
}

/* The CPU says which token it is. */
static gboolean
refuse_token (
    gint32 position, const GstActInfo *info, GstBuffer *buffer, GError **error)
{
  GstActBatch batch;

  if (gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_TOKENS, error)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
        "position %d has token id %d, which the model does not have", position,
        batch.tokens[position]);
    gst_act_batch_unmap (&batch);
  }
  return FALSE;
}

static gboolean
check_result (ActCudaForward *self, const GstActCudaBatch *batch,
    const ActGpuResult *result, const GstActInfo *info, GstBuffer *buffer,
    GError **error)
{
  g_autofree gchar *label = NULL;
  gsize row;

  if (result->bad_token >= 0)
    return refuse_token (result->bad_token, info, buffer, error);
  if (result->first_bad == ACT_GPU_NONE)
    return TRUE;
  row = (gsize) (result->first_bad >> 32);
  label = act_model_dup_label (self->model, (guint) result->first_bad);
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_VALUE,
      "position %" G_GSIZE_FORMAT " (sample %" G_GSIZE_FORMAT
      ", token %" G_GSIZE_FORMAT
      "), component '%s': the importance function gives NaN or infinity",
      row, row / batch->sequence_length, row % batch->sequence_length, label);
  return FALSE;
}

static gboolean
run_csr (ActCudaForward *self, Run *run, GstActCudaCsr *csr, gsize capacity,
    ActGpuResult *result, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  const ActGpuForward *forward = act_gpu_model_get_forward (self->gpu);
  ActGpuCsr out;

  if (!gst_act_cuda_csr_new (csr, self->user, b->n_positions, capacity, error)
      || !prepare (self, run,
          act_gpu_forward_csr_workspace_size (forward, self->products,
              b->n_samples, b->sequence_length, (int64_t) csr->capacity),
          error))
    return FALSE;
  out = (ActGpuCsr){ csr->indptr, csr->indices, csr->values,
    (int64_t) csr->capacity };
  return check (act_gpu_forward_csr (forward, self->products, b->n_samples,
                    b->sequence_length, b->tokens, &out, run->result,
                    run->workspace, run->workspace_size,
                    gst_act_cuda_user_get_stream (self->user)),
             "the forward pass", error)
      && gst_act_cuda_read (
          self->user, result, run->result, sizeof *result, error);
}

/* Batches are nearly alike: about what the last one had will do, and where it
 * does not, the second try knows. */
static gsize
guess (const ActCudaForward *self, const GstActCudaBatch *batch)
{
  gsize n = act_model_get_n_components (self->model), most;

  if (!g_size_checked_mul (&most, batch->n_positions, n))
    most = G_MAXSIZE;
  if (self->last_values == 0)
    return MIN (most, batch->n_positions * MAX (n / FIRST_GUESS, 64));
  return MIN (most, self->last_values + self->last_values / 4 + 1024);
}

static gboolean
add_csr (ActCudaForward *self, Run *run, const GstActInfo *info,
    GstBuffer *buffer, GError **error)
{
  GstActCudaCsr csr = { { NULL } };
  ActGpuResult result = { .overflow = 1 };
  gsize capacity = guess (self, &run->batch);
  gboolean done;

  do {
    gst_act_cuda_csr_clear (&csr);
    done = run_csr (self, run, &csr, capacity, &result, error)
        && check_result (self, &run->batch, &result, info, buffer, error);
    capacity = (gsize) result.n_values;
  } while (done && result.overflow);
  done = done
      && gst_act_cuda_csr_store (&csr, buffer, GST_ACT_BLOCK_COMPONENT_INDPTR,
          run->batch.n_positions, act_model_get_n_components (self->model),
          (gsize) result.n_values, error);
  self->last_values = (gsize) result.n_values;
  gst_act_cuda_csr_clear (&csr);
  return done;
}

static gboolean
add_dense (ActCudaForward *self, Run *run, const GstActInfo *info,
    GstBuffer *buffer, GError **error)
{
  const GstActCudaBatch *b = &run->batch;
  const ActGpuForward *forward = act_gpu_model_get_forward (self->gpu);
  g_autoptr (GstMemory) memory = NULL;
  ActGpuResult result;
  gsize size;

  if (!g_size_checked_mul (&size, b->n_positions,
          act_model_get_n_components (self->model) * sizeof (gfloat)))
    size = G_MAXSIZE; /* refused, with the words for it */
  memory = gst_act_cuda_memory_new (
      self->user->allocator, self->user->stream, size, error);
  if (memory == NULL
      || !prepare (self, run,
          act_gpu_forward_dense_workspace_size (
              forward, self->products, b->n_samples, b->sequence_length),
          error)
      || !check (act_gpu_forward_dense (forward, self->products, b->n_samples,
                     b->sequence_length, b->tokens,
                     gst_act_cuda_memory_get_data (memory), run->result,
                     run->workspace, run->workspace_size,
                     gst_act_cuda_user_get_stream (self->user)),
          "the forward pass", error)
      || !gst_act_cuda_read (
          self->user, &result, run->result, sizeof result, error)
      || !check_result (self, b, &result, info, buffer, error))
    return FALSE;
  gst_act_cuda_memory_filled (memory, size);
  return gst_act_buffer_set_block (
      buffer, GST_ACT_BLOCK_COMPONENT_VALUES, g_steal_pointer (&memory), error);
}

gboolean
act_cuda_forward_run (ActCudaForward *self, const GstActInfo *info,
    GstActLayout layout, GstBuffer *buffer, GError **error)
{
  Run run = { { 0 } };

  gst_act_cuda_device_enter (gst_act_cuda_user_get_device (self->user));
  if (!gst_act_cuda_batch_get (
          &run.batch, buffer, info, GST_ACT_MAP_TOKENS, self->user, error))
    return FALSE;
  if (!(layout == GST_ACT_LAYOUT_CSR
              ? add_csr (self, &run, info, buffer, error)
              : add_dense (self, &run, info, buffer, error)))
    return FALSE;
  gst_act_cuda_batch_done (&run.batch);
  return TRUE;
}
