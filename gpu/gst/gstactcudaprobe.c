/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/gst/gstactcudaprobe.h"

#include <gst/activations/activations.h>

#include <string.h>

#include "gpu/cudaruntime.h"
#include "gpu/gpuproducts.h"
#include "gpu/gst/gstactcudahost.h"

#define STREAM GST_ACT_CUDA_STREAM_MODEL

/* In and out of the kernel, 256 bytes apart: 1.5 in float32 and bfloat16. */
static gboolean
run_kernel (GstActCudaHost *host, guint8 *data, gpointer stream,
    guint16 *rounded, GError **error)
{
  const gfloat value = 1.5f;
  ActGpuStatus status;

  memcpy (host->data, &value, sizeof value);
  if (!gst_act_cuda_host_upload (host, 0, data, sizeof value, STREAM, error))
    return FALSE;
  status = act_gpu_to_bf16 (1, (const gfloat *) data, data + 256, stream);
  if (status != ACT_GPU_OK) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED, "%s",
        act_gpu_status_string (status));
    return FALSE;
  }
  if (!gst_act_cuda_host_read (
          host, data + 256, sizeof *rounded, STREAM, error))
    return FALSE;
  memcpy (rounded, host->data, sizeof *rounded);
  return TRUE;
}

static gboolean
try_kernel (GstActCudaDevice *device, GError **error)
{
  gpointer stream = gst_act_cuda_device_get_stream (device, STREAM);
  gpointer data = NULL;
  GstActCudaHost *host = gst_act_cuda_host_new (device, 256, error);
  guint16 rounded = 0;
  gboolean done;

  if (host == NULL)
    return FALSE;
  done = gst_act_cuda_check (
      act_cudart_alloc (
          gst_act_cuda_device_get_pool (device), 512, stream, &data),
      "512 bytes of its memory cannot be had", error);
  if (done) {
    done = run_kernel (host, data, stream, &rounded, error);
    act_cudart_free (data, stream);
  }
  gst_act_cuda_host_unref (host);
  if (done && rounded != 0x3fc0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "it gives 0x%04x, expected 0x3fc0", rounded);
    done = FALSE;
  }
  return done;
}

gboolean
gst_act_cuda_probe_kernels (GstActCudaDevice *device, GError **error)
{
  gst_act_cuda_device_enter (device);
  if (try_kernel (device, error))
    return TRUE;
  g_prefix_error (error, "'%s' does not run a kernel of this build: ",
      gst_act_cuda_device_get_name (device));
  return FALSE;
}

gboolean
gst_act_cuda_probe_products (GstActCudaDevice *device, GError **error)
{
  ActGpuProducts *products = NULL;
  ActGpuStatus status;

  gst_act_cuda_device_enter (device);
  status = act_gpu_products_new (ACT_GPU_PRECISION_FP32, &products);
  act_gpu_products_free (products);
  if (status == ACT_GPU_OK)
    return TRUE;
  if (status > ACT_GPU_ERROR_PRODUCTS)
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "there are no matrix products on '%s': cuBLAS gives no handle "
        "(cublasStatus_t %d)",
        gst_act_cuda_device_get_name (device), status - ACT_GPU_ERROR_PRODUCTS);
  else
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "there are no matrix products on '%s': %s",
        gst_act_cuda_device_get_name (device), act_gpu_status_string (status));
  return FALSE;
}
