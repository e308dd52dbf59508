/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole models on the device against golden values that were computed in
 * float64, and against the CPU's forward pass. */

#include <cuda_runtime_api.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "../core/modelfiles.h"
#include "formats/zip.h"
#include "gpumodel.h"
#include "gpuproducts.h"

/* DESIGN.md's for float32; TF32 keeps 11 bits of each factor, bfloat16 8 */
static const double tolerances[] = { 1e-4, 2e-2, 0.1 };

typedef struct {
  GPtrArray *memory;
  gboolean bf16;
} Device;

static gpointer
device_alloc (Device *device, gsize size)
{
  gpointer memory = NULL;

  g_assert_cmpint (cudaMalloc (&memory, MAX (size, 1)), ==, cudaSuccess);
  g_ptr_array_add (device->memory, memory);
  return memory;
}

static gpointer
device_copy (Device *device, gconstpointer host, gsize size)
{
  gpointer memory = device_alloc (device, size);

  g_assert_cmpint (
      cudaMemcpy (memory, host, size, cudaMemcpyHostToDevice), ==, 0);
  return memory;
}

static void
device_free (gpointer memory)
{
  g_assert_cmpint (cudaFree (memory), ==, 0);
}

static void *
upload (
    gpointer data, const float *host, gsize n, gboolean convert, GError **error)
{
  Device *device = data;
  float *floats = device_copy (device, host, n * sizeof (float));
  gpointer half;

  if (!convert || !device->bf16)
    return floats;
  half = device_alloc (device, n * 2);
  g_assert_cmpint (act_gpu_to_bf16 (n, floats, half, NULL), ==, ACT_GPU_OK);
  return half;
}

/* what is run, and on what */
typedef struct {
  Device device;
  ActGpuProducts *products;
  ActGpuModel *model;
  guint n_components;
  gsize n_samples;
  guint length;
  gint32 *tokens; /* on the device */
  ActGpuResult *result;
} Run;

static void
run_begin (Run *run, ActModel *model, ActGpuPrecision precision,
    const gint32 *tokens, gsize n_samples, guint length)
{
  g_autoptr (GError) error = NULL;

  run->device.memory = g_ptr_array_new_with_free_func (device_free);
  run->device.bf16 = precision == ACT_GPU_PRECISION_BF16;
  g_assert_cmpint (
      act_gpu_products_new (precision, &run->products), ==, ACT_GPU_OK);
  run->model =
      act_gpu_model_new (model, NULL, length, upload, &run->device, &error);
  g_assert_no_error (error);
  run->n_components = act_model_get_n_components (model);
  run->n_samples = n_samples;
  run->length = length;
  run->tokens =
      device_copy (&run->device, tokens, n_samples * length * sizeof (gint32));
  run->result = device_alloc (&run->device, sizeof (ActGpuResult));
}

static void
run_end (Run *run)
{
  act_gpu_model_free (run->model);
  act_gpu_products_free (run->products);
  g_ptr_array_unref (run->device.memory);
}

static gpointer
download (gconstpointer memory, gsize size)
{
  gpointer host = g_malloc (MAX (size, 1));

  g_assert_cmpint (cudaDeviceSynchronize (), ==, 0);
  g_assert_cmpint (
      cudaMemcpy (host, memory, size, cudaMemcpyDeviceToHost), ==, 0);
  return host;
}

/* tile_rows: small, so that there are several tiles */
static float *
run_dense (Run *run, guint tile_rows)
{
  ActGpuForward forward = *act_gpu_model_get_forward (run->model);
  gsize size = run->n_samples * run->length * run->n_components * 4;
  gsize workspace;
  float *out = device_alloc (&run->device, size);

  forward.tile_rows = tile_rows;
  workspace = act_gpu_forward_dense_workspace_size (
      &forward, run->products, run->n_samples, run->length);
  g_assert_cmpint (
      act_gpu_forward_dense (&forward, run->products, run->n_samples,
          run->length, run->tokens, out, run->result,
          device_alloc (&run->device, workspace), workspace, NULL),
      ==, ACT_GPU_OK);
  return download (out, size);
}

/* dense again; capacity: of the CSR, FALSE where it does not suffice, then
 * needed is how much would */
static gboolean
run_csr (Run *run, guint tile_rows, gsize capacity, gsize *needed, float *dense)
{
  ActGpuForward forward = *act_gpu_model_get_forward (run->model);
  gsize n_rows = run->n_samples * run->length, workspace;
  ActGpuCsr out = {
    .indptr = device_alloc (&run->device, (n_rows + 1) * 8),
    .indices = device_alloc (&run->device, capacity * 4),
    .values = device_alloc (&run->device, capacity * 4),
    .capacity = capacity,
  };
  g_autofree ActGpuResult *result = NULL;
  g_autofree gint64 *indptr = NULL;
  g_autofree gint32 *indices = NULL;
  g_autofree float *values = NULL;

  forward.tile_rows = tile_rows;
  workspace = act_gpu_forward_csr_workspace_size (
      &forward, run->products, run->n_samples, run->length, capacity);
  g_assert_cmpint (act_gpu_forward_csr (&forward, run->products, run->n_samples,
                       run->length, run->tokens, &out, run->result,
                       device_alloc (&run->device, workspace), workspace, NULL),
      ==, ACT_GPU_OK);
  result = download (run->result, sizeof *result);
  *needed = result->n_values;
  g_assert_cmpint (result->overflow, ==, result->n_values > (gint64) capacity);
  g_assert_cmpint (result->bad_token, ==, -1);
  g_assert_cmpuint (result->first_bad, ==, ACT_GPU_NONE);
  if (result->overflow)
    return FALSE;
  indptr = download (out.indptr, (n_rows + 1) * 8);
  indices = download (out.indices, *needed * 4);
  values = download (out.values, *needed * 4);
  memset (dense, 0, n_rows * run->n_components * sizeof (float));
  for (gsize row = 0; row < n_rows; row++)
    for (gint64 i = indptr[row]; i < indptr[row + 1]; i++)
      dense[row * run->n_components + indices[i]] = values[i];
  return TRUE;
}

static void
assert_close (const char *what, const float *found, const float *expected,
    gsize n, double tolerance)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++) {
    double difference = fabs ((double) found[i] - expected[i]);

    if (!(difference <= tolerance))
      g_error ("%s[%" G_GSIZE_FORMAT "] is %.9g, expected %.9g", what, i,
          found[i], expected[i]);
    largest = MAX (largest, difference);
  }
  g_test_message ("%s: largest difference %.2e", what, largest);
}

static void
check_model (const char *folder, ActGpuPrecision precision,
    const gint32 *tokens, gsize n_samples, guint length, const float *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActModel) model = act_model_open (folder, &error);
  gsize n = n_samples * length * act_model_get_n_components (model), needed;
  g_autofree float *dense = NULL, *again = NULL;
  g_autofree float *csr = g_new (float, n);
  Run run = { .result = NULL };

  g_assert_no_error (error);
  run_begin (&run, model, precision, tokens, n_samples, length);
  dense = run_dense (&run, 2 * length);
  assert_close (folder, dense, expected, n, tolerances[precision]);
  again = run_dense (&run, 2 * length);
  g_assert_cmpmem (dense, n * 4, again, n * 4);
  /* too small, then just right */
  g_assert_false (run_csr (&run, 2 * length, n / 100, &needed, csr));
  g_assert_true (run_csr (&run, 2 * length, needed, &needed, csr));
  for (gsize i = 0; i < n; i++)
    g_assert_true (csr[i] == dense[i]);
  run_end (&run);
}

static void
test_sample_model (gconstpointer data)
{
  ActGpuPrecision precision = GPOINTER_TO_INT (data);
  g_autofree char *zip = test_data ("golden_forward/ci.npz");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      act_zip_read_member (zip, "ci.npy", 1 << 24, &error);
  g_autoptr (ActNpy) tokens = test_npy ("golden_forward/tokens.npy");
  g_autoptr (ActNpy) expected = NULL;

  g_assert_no_error (error);
  expected = act_npy_new_from_bytes (bytes, "ci.npy", &error);
  g_assert_no_error (error);
  /* a batch of four samples of 64 positions */
  check_model (test_sample (), precision, act_npy_get (tokens)->data, 4, 64,
      act_npy_get (expected)->data);
}

static void
test_kind (gconstpointer data)
{
  const char *name = data;
  g_autofree char *path = g_build_filename ("golden_kinds", name, NULL);
  g_autofree char *folder = test_data (path);
  g_autofree char *tokens_path = g_build_filename (path, "tokens.npy", NULL);
  g_autofree char *ci_path = g_build_filename (path, "ci.npy", NULL);
  g_autoptr (ActNpy) tokens = test_npy (tokens_path);
  g_autoptr (ActNpy) ci = test_npy (ci_path);
  const ActTensor *shape = act_npy_get (tokens);

  check_model (folder, ACT_GPU_PRECISION_FP32, shape->data, shape->shape[0],
      shape->shape[1], act_npy_get (ci)->data);
}

static void
add_kinds (void)
{
  g_autofree char *kinds = test_data ("golden_kinds");
  g_autoptr (GDir) dir = g_dir_open (kinds, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *test = g_strdup_printf ("/gpu/model/kinds/%s", name);
    g_autofree char *config =
        g_build_filename (kinds, name, "config.json", NULL);

    if (g_file_test (config, G_FILE_TEST_EXISTS))
      g_test_add_data_func_full (test, g_strdup (name), test_kind, g_free);
  }
}

int
main (int argc, char **argv)
{
  int n_devices = 0;

  g_test_init (&argc, &argv, NULL);
  if (cudaGetDeviceCount (&n_devices) != cudaSuccess || n_devices == 0) {
    g_print ("1..0 # SKIP no CUDA device\n");
    return 0;
  }
  g_test_add_data_func ("/gpu/model/sample/fp32",
      GINT_TO_POINTER (ACT_GPU_PRECISION_FP32), test_sample_model);
  g_test_add_data_func ("/gpu/model/sample/tf32",
      GINT_TO_POINTER (ACT_GPU_PRECISION_TF32), test_sample_model);
  g_test_add_data_func ("/gpu/model/sample/bf16",
      GINT_TO_POINTER (ACT_GPU_PRECISION_BF16), test_sample_model);
  add_kinds ();
  return g_test_run ();
}
