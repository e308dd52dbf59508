/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Models with something wrong in them: one clear error each. */

#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "acterror.h"
#include "model/forward.h"
#include "modelfiles.h"

#define Q_WEIGHT "target_model.h.0.attn.q_proj.weight"
#define HEAD_W "_ci_fns.h-1-mlp-c_fc.layers.2.W"

/* opens and loads the model; the error's text must hold all of the words */
static void
assert_refused (TestModel *model, const char *first, ...)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ActModel) opened = act_model_open (model->folder, &error);
  g_autoptr (ActForward) forward = NULL;
  const char *word = first;
  va_list words;

  if (opened != NULL)
    forward = act_forward_new (opened, NULL, 1, &error);
  g_assert_null (forward);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (error->domain, ==, ACT_ERROR);
  g_assert_null (strchr (error->message, '\n'));
  va_start (words, first);
  for (; word != NULL; word = va_arg (words, const char *))
    if (strstr (error->message, word) == NULL)
      g_error ("no \"%s\" in \"%s\"", word, error->message);
  va_end (words);
}

static void
ignore (gpointer data, gsize tile, gsize first_row, gsize n_rows, guint module,
    guint first, guint n, const float *values)
{
}

typedef struct {
  const char *from, *to;
  const char *words[3];
} Edit;

/* Lies and unsupported kinds in config.json. */
static void
test_config (void)
{
  static const Edit edits[] = {
    { "\"LlamaSimpleMLP\"", "\"GPT3\"",
        { "model_type", "\"GPT3\"", "LlamaSimpleMLP" } },
    { "\"LlamaSimpleMLP\"", "7", { "model_type" } },
    { "\"LlamaSimpleMLP\"", "\"GPT2\"", { "h.0.attn.q_proj", "\"GPT2\"" } },
    { "\"LlamaSimpleMLP\"", "\"LlamaSimple\"",
        { "h.0.mlp.c_fc", "\"LlamaSimple\"" } },
    { "\"LlamaSimpleMLP\"", "\"GPT2Simple\"",
        { "h.0.attn.k_proj", "d_out", "128" } },
    { "\"LlamaSimpleMLP\"", "\"gpt2\"", { "n_positions" } },
    { "\"shared_mlp\"", "\"own_mlp\"",
        { "ci_fn_type", "\"own_mlp\"", "shared_mlp" } },
    { "\"shared_mlp\"", "\"vector_mlp\"",
        { "_ci_fns.h-0-attn-q_proj.layers.0.W", "[128, 128]",
            "[128, 128, 128]" } },
    { "\"shared_mlp\"", "\"mlp\"",
        { "_ci_fns.h-0-attn-q_proj.layers.0.W", "[128, 1, 128]" } },
    { "\"leaky_hard\"", "\"soft\"",
        { "sigmoid_type", "\"soft\"", "leaky_hard" } },
    { "\"mlp_bias\": false", "\"mlp_bias\": true",
        { "target_model.h.0.mlp.c_fc.bias" } },
    { "\"attn_bias\": false", "\"attn_bias\": true",
        { "target_model.h.0.attn.q_proj.bias" } },
    { "\"attn_bias\": false", "\"attn_bias\": 1", { "attn_bias" } },
    { "\"rotary_adjacent_pairs\": false", "\"rotary_adjacent_pairs\": 2",
        { "rotary_adjacent_pairs" } },
    { "\"use_grouped_query_attention\": true",
        "\"use_grouped_query_attention\": false", { "h.0.attn.q_proj" } },
    { "\"use_grouped_query_attention\": true,", "",
        { "use_grouped_query_attention" } },
    { "\"name\": \"h.0.attn.q_proj\"", "\"name\": \"wte\"",
        { "wte", "d_in", "1024" } },
    { "\"n_layer\": 2,", "\"n_layer\": 2, \"target_weights_file\": \"../x\",",
        { "target_weights_file", "../x" } },
    { "\"n_layer\": 2,", "\"n_layer\": 2, \"target_weights_file\": 7,",
        { "target_weights_file" } },
    { "\"n_layer\": 2,", "\"n_layer\": 2, \"target_weights_file\": \"no\",",
        { "/no'" } },
    { "\"n_embd\": 128", "\"n_embd\": 130", { "n_embd", "130", "n_head" } },
    { "\"n_embd\": 128", "\"n_embd\": 256", { "256" } },
    { "\"n_embd\": 128", "\"n_embd\": -128", { "n_embd" } },
    { "\"n_embd\": 128", "\"n_embd\": 1e30", { "n_embd" } },
    { "\"n_embd\": 128", "\"n_embd\": \"128\"", { "n_embd" } },
    { "\"n_head\": 4", "\"n_head\": 0", { "n_head", "0" } },
    { "\"n_head\": 4", "\"n_head\": 128", { "n_embd" } },
    { "\"n_key_value_heads\": 2", "\"n_key_value_heads\": 3",
        { "n_key_value_heads", "3" } },
    { "\"n_key_value_heads\": 2", "\"n_key_value_heads\": 8",
        { "n_key_value_heads" } },
    { "\"n_key_value_heads\": 2", "\"n_key_value_heads\": 4",
        { "h.0.attn.k_proj", "d_out", "64" } },
    { "\"n_layer\": 2", "\"n_layer\": 1", { "h.1.attn.q_proj", "1 blocks" } },
    { "\"n_layer\": 2", "\"n_layer\": 3", { "target_model.h.2.rms_1.weight" } },
    { "\"n_layer\": 2", "\"n_layer\": 100000000", { "n_layer" } },
    { "\"vocab_size\": 1024", "\"vocab_size\": 1025",
        { "target_model.wte.weight", "[1024, 128]", "[1025, 128]" } },
    { "\"n_intermediate\": 512", "\"n_intermediate\": 511",
        { "h.0.mlp.c_fc", "d_out", "511" } },
    { "\"block_size\": 128,", "", { "block_size" } },
    { "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1",
        { "rms_norm_eps", "-1" } },
    { "\"rotary_base\": 10000", "\"rotary_base\": 0", { "rotary_base" } },
    { "\"ci_fn_hidden_dims\": [\n  128\n ]", "\"ci_fn_hidden_dims\": [64]",
        { "layers.0.W", "[128, 128]", "[128, 64]" } },
    { "\"ci_fn_hidden_dims\": [\n  128\n ]", "\"ci_fn_hidden_dims\": [0]",
        { "ci_fn_hidden_dims" } },
    { "\"ci_fn_hidden_dims\": [\n  128\n ]", "\"ci_fn_hidden_dims\": 128",
        { "ci_fn_hidden_dims" } },
    { "\"name\": \"h.0.attn.k_proj\"", "\"name\": \"h.0.attn.q_proj\"",
        { "h.0.attn.q_proj", "twice" } },
    { "\"name\": \"h.0.attn.k_proj\"", "\"name\": \"h.0.attn.x\"",
        { "h.0.attn.x" } },
    { "\"C\": 96", "\"C\": 95", { "total_C", "1536", "1535" } },
    { "\"C\": 96", "\"C\": 4294967296", { "modules[1]", "C" } },
    { "\"C\": 96", "\"C\": 0", { "modules[1]", "C" } },
    { "\"total_C\": 1536", "\"total_C\": 1537", { "total_C" } },
    { "\"modules\": [", "\"modules\": [7, ", { "modules[0]" } },
    { "\"modules\": [", "\"modules\": [], \"_\": [", { "modules" } },
    { "\"modules\": [", "\"modules\": 3, \"_\": [", { "modules" } },
    { "{", "[{", { "config.json" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (edits); i++) {
    g_autoptr (TestModel) model = test_model_new (test_sample ());

    test_model_edit (model, edits[i].from, edits[i].to);
    test_model_save (model);
    assert_refused (model, "'", edits[i].words[0], edits[i].words[1],
        edits[i].words[2], NULL);
  }
}

static void
test_components_disagree (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());

  test_model_edit (model, "\"C\": 96", "\"C\": 95");
  test_model_edit (model, "\"total_C\": 1536", "\"total_C\": 1535");
  test_model_save (model);
  assert_refused (model, "_ci_fns.h-0-attn-k_proj.layers.2.W", "[128, 96]",
      "[128, 95]", NULL);
}

static void
test_missing_tensor (void)
{
  static const char *const names[] = { "target_model.wte.weight",
    "target_model.h.1.rms_2.weight", Q_WEIGHT, HEAD_W,
    "_ci_fns.h-0-attn-v_proj.layers.0.b" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (TestModel) model = test_model_new (test_sample ());

    test_model_remove (model, names[i]);
    test_model_save (model);
    assert_refused (model, "model.safetensors", names[i], NULL);
  }
}

static void
test_wrong_shape (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  ActTensor *tensor = test_model_tensor (model, Q_WEIGHT);

  tensor->shape[0] = 64;
  tensor->shape[1] = 256;
  test_model_save (model);
  assert_refused (model, Q_WEIGHT, "[64, 256]", "[128, 128]", NULL);
  tensor->n_dims = 1;
  tensor->shape[0] = 128 * 128;
  test_model_save (model);
  assert_refused (model, Q_WEIGHT, "[16384]", "[128, 128]", NULL);
}

static void
test_wrong_components (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  ActTensor *tensor =
      test_model_tensor (model, "_components.h-0-attn-k_proj.V");

  tensor->shape[0] = 96;
  tensor->shape[1] = 128;
  test_model_save (model);
  assert_refused (model, "_components.h-0-attn-k_proj.V", "[96, 128]", NULL);
}

static void
test_wrong_type (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());

  test_model_tensor (model, Q_WEIGHT)->dtype = ACT_DTYPE_I16;
  test_model_save (model);
  assert_refused (model, Q_WEIGHT, "I16", "F32, F16 or BF16", NULL);
}

static void
test_nonfinite (void)
{
  static const struct {
    float value;
    const char *name;
  } values[] = { { NAN, "NaN" }, { INFINITY, "infinite" },
    { -INFINITY, "infinite" } };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (TestModel) model = test_model_new (test_sample ());

    test_model_floats (model, HEAD_W)[3 * 160 + 17] = values[i].value;
    test_model_save (model);
    assert_refused (model, HEAD_W, "[3, 17]", values[i].name, NULL);
  }
}

static void
test_nonfinite_half (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  guint16 *half = (guint16 *) test_model_tensor (model, Q_WEIGHT)->data;

  half[128 * 127] = 0x7e00; /* NaN in float16 */
  test_model_save (model);
  assert_refused (model, Q_WEIGHT, "[127, 0]", "NaN", NULL);
}

/* What the other kinds ask for, in a case of golden_kinds: edits of its
 * config.json, and the error's words. */
typedef struct {
  const char *folder;
  Edit edit;
} KindEdit;

static void
test_kinds (void)
{
  static const KindEdit edits[] = {
    { "mlp_two_hidden",
        { "\"ci_fn_hidden_dims\"", "\"ci_fn_hidden_dims\": [], \"_\"",
            { "ci_fn_hidden_dims", "\"mlp\"", "at least 1" } } },
    { "vector_mlp_two_hidden",
        { "\"ci_fn_hidden_dims\"", "\"ci_fn_hidden_dims\": [], \"_\"",
            { "ci_fn_hidden_dims", "\"vector_mlp\"" } } },
    { "vector_mlp_two_hidden",
        { "\"ci_fn_hidden_dims\"", "\"ci_fn_hidden_dims\": [6, 4], \"_\"",
            { "model.safetensors", "layers.2.W", "[7, 6, 4]" } } },
    { "mlp_one_hidden",
        { "\"ci_fn_hidden_dims\"", "\"ci_fn_hidden_dims\": [16777216], \"_\"",
            { "model.safetensors", "layers.0.W", "[12, 1, 16777216]" } } },
    { "embedding_mlp",
        { "\"mlp\"", "\"shared_mlp\"",
            { "config.json", "'wte'", "\"shared_mlp\"" } } },
    { "embedding_mlp",
        { "\"mlp\"", "\"vector_mlp\"",
            { "config.json", "'wte'", "\"vector_mlp\"" } } },
    { "embedding_mlp",
        { "\"vocab_size\": 60", "\"vocab_size\": 61",
            { "wte", "d_in", "61" } } },
    { "gpt2",
        { "\"block_size\": 24", "\"block_size\": 25",
            { "target_model.wpe.weight", "[24, 24]", "[25, 24]" } } },
    { "gpt2",
        { "\"n_head\": 3", "\"n_head\": 5", { "n_embd", "24", "n_head" } } },
    { "gpt2",
        { "\"n_embd\": 24", "\"n_embd\": 16777215",
            { "h_torch.0.attn.c_attn", "d_in", "16777215" } } },
    { "combined_c_attn",
        { "\"n_head\": 3", "\"n_head\": 8", { "n_embd", "even" } } },
    { "llama_simple",
        { "\"n_intermediate\": 40", "\"n_intermediate\": 41",
            { "h.0.mlp.gate_proj", "d_out", "41" } } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (edits); i++) {
    g_autofree char *path =
        g_build_filename ("golden_kinds", edits[i].folder, NULL);
    g_autofree char *folder = test_data (path);
    g_autoptr (TestModel) model = test_model_new (folder);
    const Edit *edit = &edits[i].edit;

    test_model_edit (model, edit->from, edit->to);
    test_model_save (model);
    assert_refused (
        model, "'", edit->words[0], edit->words[1], edit->words[2], NULL);
  }
}

/* Tensors that only some kinds have: missing, of another shape, not finite. */
static void
test_kinds_tensors (void)
{
  static const struct {
    const char *folder, *tensor;
  } cases[] = {
    { "mlp_one_hidden", "_components.h-0-attn-q_proj.V" },
    { "mlp_one_hidden", "_ci_fns.h-0-attn-q_proj.layers.2.b" },
    { "vector_mlp_two_hidden", "_ci_fns.h-0-mlp-c_fc.layers.2.W" },
    { "biases", "target_model.h.1.attn.k_proj.bias" },
    { "gpt2", "target_model.h_torch.1.ln_2.bias" },
    { "gpt2", "target_model.wpe.weight" },
    { "embedding_mlp", "target_model.ln_f.weight" },
    { "combined_c_attn", "target_model.h.0.attn.c_attn.weight" },
    { "llama_simple", "target_model.h.1.mlp.up_proj.weight" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        g_build_filename ("golden_kinds", cases[i].folder, NULL);
    g_autofree char *folder = test_data (path);
    g_autoptr (TestModel) model = test_model_new (folder);
    ActTensor *tensor = test_model_tensor (model, cases[i].tensor);
    float *values = test_model_floats (model, cases[i].tensor);
    float kept = values[tensor->n_elements - 1];
    guint n_dims = tensor->n_dims;

    values[tensor->n_elements - 1] = NAN;
    test_model_save (model);
    assert_refused (model, "model.safetensors", cases[i].tensor, "NaN", NULL);
    values[tensor->n_elements - 1] = kept;
    tensor->shape[tensor->n_dims++] = 1;
    test_model_save (model);
    assert_refused (
        model, "model.safetensors", cases[i].tensor, "expected", NULL);
    tensor->n_dims = n_dims;
    test_model_remove (model, cases[i].tensor);
    test_model_save (model);
    assert_refused (model, "model.safetensors", cases[i].tensor, NULL);
  }
}

/* Any byte of config.json changed: refused with one line, or a model that
 * runs; never more than that. */
static void
test_kinds_fuzz (void)
{
  static const char *const folders[] = { "embedding_mlp", "gpt2",
    "vector_mlp_two_hidden", "combined_c_attn" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  guint refused = 0;

  for (guint i = 0; i < 400; i++) {
    g_autofree char *path = g_build_filename (
        "golden_kinds", folders[i % G_N_ELEMENTS (folders)], NULL);
    g_autofree char *folder = test_data (path);
    g_autoptr (TestModel) model = test_model_new (folder);
    g_autoptr (ActModel) opened = NULL;
    g_autoptr (GError) error = NULL;
    gsize at = g_rand_int_range (rand, 0, strlen (model->config));

    model->config[at] =
        "0123456789-.,:[]{}\"ex"[g_rand_int_range (rand, 0, 21)];
    test_model_save (model);
    opened = act_model_open (model->folder, &error);
    if (opened == NULL) {
      g_assert_nonnull (error);
      g_assert_null (strchr (error->message, '\n'));
      refused++;
    } else {
      g_autoptr (ActForward) forward =
          act_forward_new (opened, NULL, 1, &error);
      gint32 tokens[3] = { 0, 1, 2 };
      ActForwardSink sink = { NULL, ignore };

      g_assert_no_error (error);
      g_assert_true (act_forward_run (forward, tokens, 1, 3, &sink, &error));
    }
  }
  g_assert_cmpuint (refused, >, 100);
}

static void
test_truncated (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  g_autofree char *weights =
      g_build_filename (model->folder, "model.safetensors", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  const gsize cuts[] = { 0, 4, 100, 5000, 1000000 };

  test_model_save (model);
  g_assert_true (g_file_get_contents (weights, &bytes, &size, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_assert_true (g_file_set_contents (weights, bytes, cuts[i], NULL));
    assert_refused (model, "model.safetensors", NULL);
  }
  g_assert_true (g_file_set_contents (weights, bytes, size - 1, NULL));
  assert_refused (model, "model.safetensors", NULL);
  g_remove (weights);
  assert_refused (model, "model.safetensors", NULL);
}

static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (act_model_open ("/nowhere/at all", &error));
  g_assert_nonnull (strstr (error->message, "'/nowhere/at all/config.json'"));
  g_clear_error (&error);
  g_assert_null (act_model_fingerprint ("/nowhere", &error));
  g_assert_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ);
}

/* Finite weights whose products are not: the first position and component,
 * whatever the threads. */
static void
test_overflow (void)
{
  g_autoptr (TestModel) model = test_model_new (test_sample ());
  float *bias = test_model_floats (model, "_ci_fns.h-1-attn-o_proj.layers.0.b");
  float *w = test_model_floats (model, "_ci_fns.h-1-attn-o_proj.layers.2.W");
  g_autofree gint32 *tokens = g_new0 (gint32, 1000);
  ActForwardSink sink = { NULL, ignore };

  bias[0] = 3e38f;
  memset (w, 0, 128 * 128 * sizeof *w);
  w[5] = -3e38f;
  w[77] = 3e38f;
  test_model_save (model);
  for (guint threads = 1; threads <= 4; threads++) {
    g_autoptr (ActModel) opened = act_model_open (model->folder, NULL);
    g_autoptr (ActForward) forward =
        act_forward_new (opened, NULL, threads, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_false (act_forward_run (forward, tokens, 10, 100, &sink, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_VALUE);
    g_assert_nonnull (strstr (error->message,
        "position 0 (sample 0, token 0), component 'h.1.attn.o_proj:5'"));
  }
}

static void
test_bad_batch (void)
{
  g_autoptr (ActModel) model = act_model_open (test_sample (), NULL);
  g_autoptr (ActForward) forward = act_forward_new (model, NULL, 2, NULL);
  ActForwardSink sink = { NULL, ignore };
  gint32 tokens[200] = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (act_forward_run (forward, tokens, 1, 129, &sink, &error));
  g_assert_nonnull (strstr (error->message, "129"));
  g_clear_error (&error);
  g_assert_false (act_forward_run (forward, tokens, 1, 0, &sink, &error));
  g_clear_error (&error);
  g_assert_false (
      act_forward_run (forward, tokens, G_MAXSIZE / 4, 128, &sink, &error));
  g_clear_error (&error);
  tokens[117] = 1024;
  g_assert_false (act_forward_run (forward, tokens, 2, 64, &sink, &error));
  g_assert_nonnull (strstr (error->message, "position 117"));
  g_clear_error (&error);
  tokens[117] = -1;
  g_assert_false (act_forward_run (forward, tokens, 2, 64, &sink, &error));
  g_clear_error (&error);
  tokens[117] = 1023;
  g_assert_true (act_forward_run (forward, tokens, 2, 64, &sink, &error));
}

static void
test_unknown_module (void)
{
  static const char *const patterns[] = { "h.2.attn.q_proj", "h.0.*,nothing",
    "h.0.attn.q_proj,", "q_proj" };
  g_autoptr (ActModel) model = act_model_open (test_sample (), NULL);
  guint8 selected[12];

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (
        act_model_select_modules (model, patterns[i], selected, &error));
    g_assert_error (error, ACT_ERROR, ACT_ERROR_SETTINGS);
    g_assert_nonnull (strstr (error->message, "h.1.mlp.down_proj"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-bad/config", test_config);
  g_test_add_func ("/model-bad/components", test_components_disagree);
  g_test_add_func ("/model-bad/missing", test_missing_tensor);
  g_test_add_func ("/model-bad/shape", test_wrong_shape);
  g_test_add_func ("/model-bad/v-shape", test_wrong_components);
  g_test_add_func ("/model-bad/type", test_wrong_type);
  g_test_add_func ("/model-bad/nonfinite", test_nonfinite);
  g_test_add_func ("/model-bad/nonfinite-half", test_nonfinite_half);
  g_test_add_func ("/model-bad/kinds", test_kinds);
  g_test_add_func ("/model-bad/kinds-tensors", test_kinds_tensors);
  g_test_add_func ("/model-bad/kinds-fuzz", test_kinds_fuzz);
  g_test_add_func ("/model-bad/truncated", test_truncated);
  g_test_add_func ("/model-bad/no-folder", test_no_folder);
  g_test_add_func ("/model-bad/overflow", test_overflow);
  g_test_add_func ("/model-bad/batch", test_bad_batch);
  g_test_add_func ("/model-bad/modules", test_unknown_module);
  return g_test_run ();
}
