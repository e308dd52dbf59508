/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The forward pass against golden values that were computed in float64. */

#include <glib.h>
#include <math.h>
#include <string.h>

#include "formats/zip.h"
#include "model/forward.h"
#include "modelfiles.h"
#include "sparse/csr.h"

#define TOLERANCE 2e-5
#define N_BATCHES 4
#define N_SAMPLES 4
#define N_CTX 64
#define N_ROWS (N_SAMPLES * N_CTX)
#define N_COMPONENTS 1536

static ActForward *
open_forward (const char *folder, const char *modules, guint n_threads)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActModel) model = act_model_open (folder, &error);
  g_autofree guint8 *selected = NULL;
  ActForward *forward;

  g_assert_no_error (error);
  selected = g_malloc (act_model_get_n_modules (model));
  act_model_select_modules (model, modules, selected, &error);
  g_assert_no_error (error);
  forward = act_forward_new (model, selected, n_threads, &error);
  g_assert_no_error (error);
  return forward;
}

static void
assert_close (const float *found, const float *expected, gsize n,
    double tolerance, const char *what)
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

static float *
run_dense (ActForward *forward, const gint32 *tokens, gsize n_samples,
    guint length, guint n_components)
{
  float *values = g_new (float, n_samples *length *n_components);
  g_autoptr (GError) error = NULL;

  act_forward_run_dense (forward, tokens, n_samples, length, values, &error);
  g_assert_no_error (error);
  return values;
}

/* (transfer full) dense again, by way of CSR */
static float *
run_csr (ActForward *forward, const gint32 *tokens, gsize n_samples,
    guint length, guint n_components)
{
  gsize n_rows = n_samples * length, n_values;
  float *dense = g_new (float, n_rows *n_components);
  g_autofree gint64 *indptr = g_new (gint64, n_rows + 1);
  g_autofree gint32 *indices = NULL;
  g_autofree float *values = NULL;
  g_autoptr (GError) error = NULL;

  act_forward_run_csr (forward, tokens, n_samples, length, &n_values, &error);
  g_assert_no_error (error);
  indices = g_new (gint32, n_values);
  values = g_new (float, n_values);
  act_forward_store_csr (forward, indptr, indices, values);
  g_assert_true (act_csr_validate (
      n_rows, n_components, n_values, indptr, indices, &error));
  for (gsize i = 0; i < n_values; i++)
    g_assert_cmpfloat (values[i], !=, 0);
  act_csr_to_dense (n_rows, n_components, indptr, indices, values, dense);
  return dense;
}

static void
test_golden (void)
{
  g_autofree char *zip = test_data ("golden_forward/ci.npz");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      act_zip_read_member (zip, "ci.npy", 1 << 24, &error);
  g_autoptr (ActNpy) expected = NULL;
  g_autoptr (ActNpy) tokens = test_npy ("golden_forward/tokens.npy");
  g_autoptr (ActForward) forward = open_forward (test_sample (), NULL, 2);
  const float *ci;

  g_assert_no_error (error);
  expected = act_npy_new_from_bytes (bytes, "ci.npy", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (act_npy_get (expected)->n_elements, ==,
      (gsize) N_BATCHES * N_ROWS * N_COMPONENTS);
  ci = act_npy_get (expected)->data;
  for (guint batch = 0; batch < N_BATCHES; batch++) {
    const gint32 *ids =
        (const gint32 *) act_npy_get (tokens)->data + batch * N_ROWS;
    g_autofree float *dense =
        run_dense (forward, ids, N_SAMPLES, N_CTX, N_COMPONENTS);
    g_autofree float *csr =
        run_csr (forward, ids, N_SAMPLES, N_CTX, N_COMPONENTS);

    assert_close (dense, ci + (gsize) batch * N_ROWS * N_COMPONENTS,
        (gsize) N_ROWS * N_COMPONENTS, TOLERANCE, "ci");
    g_assert_cmpmem (dense, (gsize) N_ROWS * N_COMPONENTS * sizeof (float), csr,
        (gsize) N_ROWS * N_COMPONENTS * sizeof (float));
  }
}

static void
keep_input (gpointer data, gsize tile, gsize first_row, gsize n_rows,
    const char *name, const float *values, gsize width)
{
  GHashTable *inputs = data;
  float *all = g_hash_table_lookup (inputs, name);

  if (all == NULL) {
    all = g_new0 (float, N_ROWS *width);
    g_hash_table_insert (inputs, g_strdup (name), all);
  }
  memcpy (all + first_row * width, values, n_rows * width * sizeof (float));
}

static void
drop_components (gpointer data, gsize tile, gsize first_row, gsize n_rows,
    guint module, guint first, guint n, const float *values)
{
}

/* Σ_k a[row, k] b[k, col] or b[col, k] */
static double
dot (const float *a, const float *b, gsize k, gsize stride)
{
  double sum = 0;

  for (gsize i = 0; i < k; i++)
    sum += (double) a[i] * b[i * stride];
  return sum;
}

static void
check_inner (GHashTable *inputs, TestModel *model, const char *module,
    const char *tensor, const char *golden)
{
  g_autoptr (ActNpy) expected = test_npy (golden);
  const ActTensor *v = test_model_tensor (model, tensor);
  const float *matrix = test_model_floats (model, tensor);
  const float *x = g_hash_table_lookup (inputs, module);
  gsize d_in = v->shape[0], c = v->shape[1];
  g_autofree float *inner = g_new (float, N_ROWS *c);

  for (gsize row = 0; row < N_ROWS; row++)
    for (gsize i = 0; i < c; i++)
      inner[row * c + i] = dot (x + row * d_in, matrix + i, d_in, c);
  assert_close (
      inner, act_npy_get (expected)->data, N_ROWS * c, TOLERANCE, golden);
}

static void
check_input (GHashTable *inputs, const char *step, const char *golden)
{
  g_autoptr (ActNpy) expected = test_npy (golden);
  const float *found = g_hash_table_lookup (inputs, step);

  g_assert_nonnull (found);
  assert_close (found, act_npy_get (expected)->data,
      act_npy_get (expected)->n_elements, TOLERANCE, golden);
}

/* The last block's output is read by nothing, so it is not computed; its two
 * summands are. */
static void
check_last_residual (GHashTable *inputs, TestModel *model)
{
  g_autoptr (ActNpy) expected = test_npy ("golden_forward/resid_1_b0.npy");
  const float *w =
      test_model_floats (model, "target_model.h.1.mlp.down_proj.weight");
  const float *hidden = g_hash_table_lookup (inputs, "h.1.mlp.down_proj");
  const float *before = g_hash_table_lookup (inputs, "h.1.rms_2");
  g_autofree float *residual = g_new (float, N_ROWS * 128);

  for (gsize row = 0; row < N_ROWS; row++)
    for (gsize i = 0; i < 128; i++)
      residual[row * 128 + i] =
          before[row * 128 + i] + dot (hidden + row * 512, w + i * 512, 512, 1);
  assert_close (residual, act_npy_get (expected)->data, N_ROWS * 128, TOLERANCE,
      "resid_1");
}

static void
test_inputs (void)
{
  g_autoptr (ActForward) forward = open_forward (test_sample (), NULL, 1);
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  g_autoptr (ActNpy) tokens = test_npy ("golden_forward/tokens.npy");
  g_autoptr (GHashTable) inputs =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ActForwardSink sink = { inputs, drop_components, keep_input };
  g_autoptr (GError) error = NULL;

  act_forward_run (
      forward, act_npy_get (tokens)->data, N_SAMPLES, N_CTX, &sink, &error);
  g_assert_no_error (error);
  check_input (
      inputs, "h.0.mlp.c_fc", "golden_forward/input_h-0-mlp-c_fc_b0.npy");
  check_input (
      inputs, "h.1.attn.o_proj", "golden_forward/input_h-1-attn-o_proj_b0.npy");
  check_input (inputs, "h.1.rms_1", "golden_forward/resid_0_b0.npy");
  check_inner (inputs, model, "h.0.attn.k_proj",
      "_components.h-0-attn-k_proj.V",
      "golden_forward/inner_h-0-attn-k_proj_b0.npy");
  check_inner (inputs, model, "h.1.mlp.down_proj",
      "_components.h-1-mlp-down_proj.V",
      "golden_forward/inner_h-1-mlp-down_proj_b0.npy");
  check_last_residual (inputs, model);
}

static gint32 *
random_tokens (gsize n, guint vocab_size)
{
  gint32 *tokens = g_new (gint32, n);
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (gsize i = 0; i < n; i++)
    tokens[i] = g_rand_int_range (rand, 0, vocab_size);
  return tokens;
}

/* The same bits for any number of threads, also where the last tile is short
 * and where a sample is longer than a tile is meant to be. */
static void
test_threads (void)
{
  const guint threads[] = { 2, 5, 0 };
  const guint lengths[] = { 128, 37, 1 };

  for (guint l = 0; l < G_N_ELEMENTS (lengths); l++) {
    gsize n_samples = 1100 / lengths[l];
    gsize size = n_samples * lengths[l] * N_COMPONENTS * sizeof (float);
    g_autofree gint32 *tokens = random_tokens (n_samples * lengths[l], 1024);
    g_autoptr (ActForward) one = open_forward (test_sample (), NULL, 1);
    g_autofree float *expected =
        run_dense (one, tokens, n_samples, lengths[l], N_COMPONENTS);

    for (guint t = 0; t < G_N_ELEMENTS (threads); t++) {
      g_autoptr (ActForward) many =
          open_forward (test_sample (), NULL, threads[t]);
      g_autofree float *dense =
          run_dense (many, tokens, n_samples, lengths[l], N_COMPONENTS);
      g_autofree float *csr =
          run_csr (many, tokens, n_samples, lengths[l], N_COMPONENTS);

      g_assert_cmpmem (dense, size, expected, size);
      g_assert_cmpmem (csr, size, expected, size);
    }
  }
}

/* One object runs batches of any size and length, one after another. */
static void
test_reuse (void)
{
  const guint shapes[][2] = { { 5, 64 }, { 1, 64 }, { 3, 128 }, { 0, 128 },
    { 9, 100 }, { 5, 64 } };
  g_autoptr (ActForward) kept = open_forward (test_sample (), NULL, 2);

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    gsize n = shapes[i][0] * shapes[i][1];
    g_autofree gint32 *tokens = random_tokens (n, 1024);
    g_autoptr (ActForward) fresh = open_forward (test_sample (), NULL, 1);
    g_autofree float *a =
        run_csr (kept, tokens, shapes[i][0], shapes[i][1], N_COMPONENTS);
    g_autofree float *b =
        run_dense (fresh, tokens, shapes[i][0], shapes[i][1], N_COMPONENTS);

    g_assert_cmpmem (a, n * N_COMPONENTS * sizeof (float), b,
        n * N_COMPONENTS * sizeof (float));
  }
}

/* A later token changes nothing before it: attention is causal. */
static void
test_causal (void)
{
  g_autoptr (ActForward) forward = open_forward (test_sample (), NULL, 1);
  g_autofree gint32 *tokens = random_tokens (128, 1024);
  g_autofree float *before = run_dense (forward, tokens, 1, 128, N_COMPONENTS);
  g_autofree float *after = NULL;
  gsize unchanged = 77 * N_COMPONENTS;

  tokens[77] = (tokens[77] + 1) % 1024;
  after = run_dense (forward, tokens, 1, 128, N_COMPONENTS);
  g_assert_cmpmem (
      before, unchanged * sizeof (float), after, unchanged * sizeof (float));
  g_assert_cmpint (memcmp (before + unchanged, after + unchanged,
                       N_COMPONENTS * sizeof (float)),
      !=, 0);
}

/* What is left out is zero and not computed, the rest the same bits. */
static void
test_modules (void)
{
  const char *filters[] = { "h.1.attn.k_proj", "h.0.attn.q_proj, h.1.mlp.*",
    "h.0.*", "*.down_proj" };
  g_autofree gint32 *tokens = random_tokens (3 * 100, 1024);
  g_autoptr (ActForward) all = open_forward (test_sample (), NULL, 1);
  g_autofree float *expected = run_dense (all, tokens, 3, 100, N_COMPONENTS);
  g_autoptr (ActModel) model = act_model_open (test_sample (), NULL);

  for (guint f = 0; f < G_N_ELEMENTS (filters); f++) {
    g_autoptr (ActForward) some = open_forward (test_sample (), filters[f], 2);
    g_autofree float *dense = run_dense (some, tokens, 3, 100, N_COMPONENTS);
    g_autofree float *csr = run_csr (some, tokens, 3, 100, N_COMPONENTS);
    guint8 selected[12];

    act_model_select_modules (model, filters[f], selected, NULL);
    g_assert_cmpmem (dense, 300 * N_COMPONENTS * sizeof (float), csr,
        300 * N_COMPONENTS * sizeof (float));
    for (guint m = 0; m < 12; m++) {
      guint first = act_model_get_module_first_column (model, m);
      guint n = act_model_get_module_n_components (model, m);

      for (gsize i = 0; i < 300 * n; i++) {
        gsize at = i / n * N_COMPONENTS + first + i % n;

        g_assert_true (dense[at] == (selected[m] ? expected[at] : 0));
      }
    }
  }
}

static void
count_step (gpointer data, gsize tile, gsize first_row, gsize n_rows,
    const char *name, const float *values, gsize width)
{
  g_string_append_printf (data, "%s ", name);
}

static void
test_only_what_is_needed (void)
{
  g_autoptr (ActForward) forward =
      open_forward (test_sample (), "h.0.attn.o_proj", 1);
  g_autoptr (GString) steps = g_string_new (NULL);
  ActForwardSink sink = { steps, drop_components, count_step };
  gint32 tokens[4] = { 0, 1, 2, 3 };

  g_assert_true (act_forward_run (forward, tokens, 1, 4, &sink, NULL));
  /* o_proj is only looked at for its input */
  g_assert_cmpstr (steps->str, ==,
      "h.0.rms_1 h.0.attn.q_proj h.0.attn.k_proj h.0.attn.v_proj "
      "h.0.attn.rotary_q h.0.attn.rotary_k h.0.attn.softmax "
      "h.0.attn.o_proj ");
}

/* what a module was given, kept while the model runs */
typedef struct {
  char *module;
  float *values;
  gsize n;
} Input;

static void
keep_one_input (gpointer data, gsize tile, gsize first_row, gsize n_rows,
    const char *name, const float *values, gsize width)
{
  Input *input = data;

  if (!g_str_equal (name, input->module))
    return;
  g_assert_cmpuint ((first_row + n_rows) * width, <=, input->n);
  memcpy (input->values + first_row * width, values,
      n_rows * width * sizeof (float));
}

/* input_MODULE.npy of a case, dashes for dots */
static void
check_kind_input (ActForward *forward, const ActTensor *tokens,
    const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (ActNpy) expected = test_npy (path);
  const ActTensor *values = act_npy_get (expected);
  Input input = {
    .module = g_strndup (file + 6, strlen (file) - 10),
    .values = g_new0 (float, values->n_elements),
    .n = values->n_elements,
  };
  ActForwardSink sink = { &input, drop_components, keep_one_input };

  g_strdelimit (input.module, "-", '.');
  g_assert_true (act_forward_run (
      forward, tokens->data, tokens->shape[0], tokens->shape[1], &sink, NULL));
  assert_close (input.values, values->data, input.n, TOLERANCE, path);
  g_free (input.values);
  g_free (input.module);
}

static void
check_kind_inputs (
    ActForward *forward, const ActTensor *tokens, const char *name)
{
  g_autofree char *folder = test_data (name);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;
  guint n = 0;

  while ((file = g_dir_read_name (dir)) != NULL) {
    if (g_str_has_prefix (file, "input_")) {
      check_kind_input (forward, tokens, name, file);
      n++;
    }
  }
  g_assert_cmpuint (n, >, 0);
}

/* Each module alone, with no more computed than it needs: the same bits. */
static void
check_each_module (const char *folder, const ActTensor *tokens,
    const float *all, guint n_components)
{
  g_autoptr (ActModel) model = act_model_open (folder, NULL);
  gsize n_rows = tokens->shape[0] * tokens->shape[1];

  for (guint m = 0; m < act_model_get_n_modules (model); m++) {
    g_autoptr (ActForward) forward =
        open_forward (folder, act_model_get_module_name (model, m), 1);
    g_autofree float *some = run_dense (forward, tokens->data, tokens->shape[0],
        tokens->shape[1], n_components);
    guint first = act_model_get_module_first_column (model, m);
    gsize size = act_model_get_module_n_components (model, m) * sizeof (float);

    for (gsize row = 0; row < n_rows; row++)
      g_assert_cmpmem (some + row * n_components + first, size,
          all + row * n_components + first, size);
  }
}

/* A case: dense and CSR alike, and as computed in double. */
static void
test_kind (gconstpointer data)
{
  g_autofree char *name = g_build_filename ("golden_kinds", data, NULL);
  g_autofree char *folder = test_data (name);
  g_autofree char *ci = g_build_filename (name, "ci.npy", NULL);
  g_autofree char *ids = g_build_filename (name, "tokens.npy", NULL);
  g_autoptr (ActNpy) expected = test_npy (ci);
  g_autoptr (ActNpy) tokens = test_npy (ids);
  g_autoptr (ActForward) forward = open_forward (folder, NULL, 2);
  const ActTensor *shape = act_npy_get (tokens);
  gsize n = act_npy_get (expected)->n_elements;
  guint n_components = act_npy_get (expected)->shape[1];
  g_autofree float *dense = run_dense (
      forward, shape->data, shape->shape[0], shape->shape[1], n_components);
  g_autofree float *csr = run_csr (
      forward, shape->data, shape->shape[0], shape->shape[1], n_components);

  assert_close (dense, act_npy_get (expected)->data, n, TOLERANCE, name);
  for (gsize i = 0; i < n; i++)
    if (((const float *) act_npy_get (expected)->data)[i] == 0)
      g_assert_cmpfloat (dense[i], ==, 0);
  g_assert_cmpmem (dense, n * sizeof (float), csr, n * sizeof (float));
  check_kind_inputs (forward, shape, name);
  check_each_module (folder, shape, dense, n_components);
}

static void
add_kinds (void)
{
  static const char *const cases[] = { "biases", "combined_c_attn",
    "embedding_mlp", "gpt2", "gpt2_simple", "kv_heads_all", "kv_heads_one",
    "llama_simple", "mlp_one_hidden", "mlp_two_hidden", "rotary_adjacent_pairs",
    "shared_mlp_no_hidden", "shared_mlp_two_hidden", "sigmoid_hard",
    "sigmoid_leaky_hard", "sigmoid_normal", "sigmoid_swish_hard",
    "sigmoid_upper_leaky_hard", "vector_mlp_one_hidden",
    "vector_mlp_two_hidden" };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/model/kinds/", cases[i], NULL);

    g_test_add_data_func (path, cases[i], test_kind);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/golden", test_golden);
  g_test_add_func ("/model/inputs", test_inputs);
  g_test_add_func ("/model/threads", test_threads);
  g_test_add_func ("/model/reuse", test_reuse);
  g_test_add_func ("/model/causal", test_causal);
  g_test_add_func ("/model/modules", test_modules);
  g_test_add_func ("/model/needed", test_only_what_is_needed);
  add_kinds ();
  return g_test_run ();
}
