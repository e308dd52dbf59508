/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <glib/gstdio.h>

#include "formats/npy.h"
#include "formats/safetensors.h"
#include "model/forward.h"
#include "sparse/csr.h"

#define N_CTX 64
#define BLOCK_SIZE 128
#define BATCH 4
#define N_COMPONENTS 1536

static const gchar *
sample (void)
{
  return g_getenv ("ACT_TEST_SAMPLE");
}

/* golden_forward's tokens [4, 4, 64] */
static gint32 *
golden_tokens (void)
{
  g_autofree gchar *filename = g_build_filename (
      g_getenv ("ACT_TEST_DATA"), "golden_forward", "tokens.npy", NULL);
  g_autoptr (ActNpy) npy = act_npy_open (filename, NULL);

  return g_memdup2 (act_npy_get (npy)->data, act_npy_get (npy)->size);
}

static GstBuffer *
token_batch (const gint32 *tokens, guint64 index, guint n_samples, guint length)
{
  GstBuffer *buffer = gst_buffer_new ();
  gpointer data;
  GstMemory *memory =
      gst_act_memory_new (n_samples * length * sizeof (gint32), &data);

  memcpy (data, tokens, n_samples * length * sizeof (gint32));
  gst_act_batch_meta_add (buffer, index, index * BATCH, n_samples, length);
  fail_unless (
      gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS, memory, NULL));
  return buffer;
}

typedef struct {
  GstHarness *h;
  GstElement *element;
  GstBus *bus;
} Fixture;

static Fixture
fixture_new (const gchar *model, const gchar *modules, guint threads)
{
  Fixture f;

  f.element = gst_element_factory_make ("actforward", NULL);
  fail_unless (f.element != NULL);
  f.bus = gst_bus_new ();
  gst_element_set_bus (f.element, f.bus);
  g_object_set (
      f.element, "model", model, "modules", modules, "threads", threads, NULL);
  f.h = gst_harness_new_with_element (f.element, "sink", "src");
  return f;
}

static void
fixture_free (Fixture *f)
{
  gst_element_set_bus (f->element, NULL);
  gst_object_unref (f->bus);
  gst_harness_teardown (f->h);
  gst_object_unref (f->element);
}

/* the one error message that there is; (transfer full) */
static gchar *
take_error (Fixture *f)
{
  GstMessage *message = gst_bus_pop_filtered (f->bus, GST_MESSAGE_ERROR);
  GError *error = NULL;
  gchar *text;

  fail_unless (message != NULL, "no error message");
  gst_message_parse_error (message, &error, NULL);
  text = g_strdup (error->message);
  g_error_free (error);
  gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (f->bus, GST_MESSAGE_ERROR) == NULL);
  return text;
}

static void
assert_error (Fixture *f, const gchar *first, ...)
{
  g_autofree gchar *text = take_error (f);
  const gchar *word = first;
  va_list words;

  va_start (words, first);
  for (; word != NULL; word = va_arg (words, const gchar *))
    fail_unless (
        strstr (text, word) != NULL, "no \"%s\" in \"%s\"", word, text);
  va_end (words);
}

static void
set_caps (Fixture *f, const gchar *layout, guint batch, guint length,
    guint vocab_size)
{
  if (layout != NULL) {
    g_autofree gchar *caps =
        g_strdup_printf (GST_ACT_MEDIA_TYPE_COMPONENTS ", layout=%s", layout);

    gst_harness_set_sink_caps_str (f->h, caps);
  }
  gst_harness_set_src_caps (
      f->h, gst_act_caps_new_tokens (batch, length, vocab_size));
}

static GstActInfo *
out_info (Fixture *f)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (f->h->sinkpad);
  GstActInfo *info = gst_act_info_new_from_caps (caps, NULL);

  fail_unless (info != NULL);
  return info;
}

/* (transfer full): dense, whatever the layout */
static gfloat *
values_of (Fixture *f, GstBuffer *buffer)
{
  g_autoptr (GstActInfo) info = out_info (f);
  g_autoptr (GError) error = NULL;
  GstActBatch batch;
  gfloat *dense;

  fail_unless (gst_act_batch_map (&batch, buffer, info,
                   GST_ACT_MAP_COMPONENTS | GST_ACT_MAP_TOKENS, &error),
      "%s", error != NULL ? error->message : "");
  dense = g_new (gfloat, batch.n_positions * N_COMPONENTS);
  if (batch.layout == GST_ACT_LAYOUT_CSR)
    act_csr_to_dense (batch.n_positions, N_COMPONENTS, batch.component_indptr,
        batch.component_indices, batch.component_values, dense);
  else
    memcpy (dense, batch.component_values,
        batch.n_positions * N_COMPONENTS * sizeof (gfloat));
  gst_act_batch_unmap (&batch);
  return dense;
}

static gfloat *
expected_values (const gint32 *tokens, guint n_samples, guint length)
{
  g_autoptr (ActModel) model = act_model_open (sample (), NULL);
  g_autoptr (ActForward) forward = act_forward_new (model, NULL, 1, NULL);
  gfloat *values = g_new (gfloat, n_samples * length * N_COMPONENTS);

  fail_unless (
      act_forward_run_dense (forward, tokens, n_samples, length, values, NULL));
  return values;
}

/* both layouts, several threads, a short last batch: always the core's bits */
static void
check_layout (const gchar *layout, guint threads)
{
  Fixture f = fixture_new (sample (), NULL, threads);
  g_autofree gint32 *tokens = golden_tokens ();
  guint64 worker_cpu_time;

  set_caps (&f, layout, BATCH, N_CTX, 1024);
  for (guint i = 0; i < 4; i++) {
    const gint32 *ids = tokens + i * BATCH * N_CTX;
    guint n_samples = i < 3 ? BATCH : 1;
    gsize size = n_samples * N_CTX * N_COMPONENTS * sizeof (gfloat);
    GstBuffer *out =
        gst_harness_push_and_pull (f.h, token_batch (ids, i, n_samples, N_CTX));
    GstActBatchMeta *meta = gst_act_batch_meta_get (out);
    g_autofree gfloat *found = values_of (&f, out);
    g_autofree gfloat *expected = expected_values (ids, n_samples, N_CTX);

    fail_unless (memcmp (found, expected, size) == 0);
    fail_unless_equals_uint64 (meta->batch_index, i);
    fail_unless_equals_int (meta->n_samples, n_samples);
    fail_unless (meta->alive == NULL);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (out), i * BATCH);
    gst_buffer_unref (out);
  }
  /* only a thread of its own counts, and takes part in each batch */
  g_object_get (f.element, "worker-cpu-time", &worker_cpu_time, NULL);
  fail_unless (threads > 1 ? worker_cpu_time > 0 : worker_cpu_time == 0);
  fixture_free (&f);
}

GST_START_TEST (test_csr)
{
  check_layout ("csr", 2);
}
GST_END_TEST;

GST_START_TEST (test_dense)
{
  check_layout ("dense", 3);
}
GST_END_TEST;

GST_START_TEST (test_caps)
{
  Fixture f = fixture_new (sample (), NULL, 1);
  g_autoptr (GstActInfo) info = NULL;
  g_autofree gchar *fingerprint = act_model_fingerprint (sample (), NULL);

  gst_harness_set_src_caps_str (f.h,
      "application/x-act-tokens, format=S32LE, batch-size=4, "
      "sequence-length=64, vocab-size=1000, tokenizer=abc");
  info = out_info (&f);
  fail_unless (info->layout == GST_ACT_LAYOUT_CSR);
  fail_unless_equals_int (info->n_modules, 12);
  fail_unless_equals_string (info->modules[11], "h.1.mlp.down_proj");
  fail_unless_equals_int (info->components[11], 160);
  fail_unless_equals_int (info->n_components, N_COMPONENTS);
  fail_unless_equals_int (info->vocab_size, 1000);
  fail_unless_equals_string (info->tokenizer, "abc");
  fail_unless_equals_string (info->model, fingerprint);
  fixture_free (&f);
}
GST_END_TEST;

static void
hash_file (GChecksum *sha, const gchar *name)
{
  g_autofree gchar *filename = g_build_filename (sample (), name, NULL);
  g_autofree gchar *bytes = NULL;
  gsize n;

  fail_unless (g_file_get_contents (filename, &bytes, &n, NULL));
  g_checksum_update (sha, (guint8 *) bytes, n);
}

GST_START_TEST (test_fingerprint)
{
  g_autofree gchar *found = act_model_fingerprint (sample (), NULL);
  g_autoptr (GChecksum) sha = g_checksum_new (G_CHECKSUM_SHA256);

  hash_file (sha, "config.json");
  hash_file (sha, "model.safetensors");
  fail_unless_equals_string (found, g_checksum_get_string (sha));
}
GST_END_TEST;

GST_START_TEST (test_modules)
{
  const gchar *layouts[] = { "csr", "dense" };
  g_autofree gint32 *tokens = golden_tokens ();
  g_autofree gfloat *expected = expected_values (tokens, BATCH, N_CTX);

  for (guint l = 0; l < 2; l++) {
    Fixture f = fixture_new (sample (), "h.0.attn.k_proj, h.1.mlp.*", 2);
    g_autofree gfloat *found = NULL;
    GstActBatchMeta *meta;
    const guint8 *alive;
    GstBuffer *out;
    gsize n;

    set_caps (&f, layouts[l], BATCH, N_CTX, 1024);
    out =
        gst_harness_push_and_pull (f.h, token_batch (tokens, 0, BATCH, N_CTX));
    meta = gst_act_batch_meta_get (out);
    alive = g_bytes_get_data (meta->alive, &n);
    fail_unless_equals_int (n, N_COMPONENTS);
    found = values_of (&f, out);
    for (gsize i = 0; i < BATCH * N_CTX * N_COMPONENTS; i++) {
      gsize column = i % N_COMPONENTS;
      gboolean in = (column >= 128 && column < 224) || column >= 1216;

      fail_unless_equals_int (alive[column], in);
      fail_unless (found[i] == (in ? expected[i] : 0));
    }
    gst_buffer_unref (out);
    fixture_free (&f);
  }
}
GST_END_TEST;

static void
assert_no_start (const gchar *model, const gchar *modules, const gchar *word,
    const gchar *other)
{
  GstElement *element = gst_element_factory_make ("actforward", NULL);
  Fixture f = { NULL, element, gst_bus_new () };

  gst_element_set_bus (element, f.bus);
  g_object_set (element, "model", model, "modules", modules, NULL);
  fail_unless (gst_element_set_state (element, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, word, other, NULL);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (f.bus);
  gst_object_unref (element);
}

GST_START_TEST (test_bad_properties)
{
  assert_no_start (NULL, NULL, "'model'", "config.json");
  assert_no_start ("", NULL, "'model'", "config.json");
  assert_no_start ("/nowhere", NULL, "'/nowhere/config.json'", NULL);
  assert_no_start (
      sample (), "h.0.*,h.7.attn.q_proj", "h.7.attn.q_proj", "h.1.mlp.c_fc");
}
GST_END_TEST;

GST_START_TEST (test_refused_caps)
{
  Fixture f = fixture_new (sample (), NULL, 1);
  g_autofree gint32 *tokens = golden_tokens ();

  set_caps (&f, NULL, BATCH, N_CTX, 1025);
  assert_error (&f, "1025", "1024", NULL);
  fail_unless (gst_harness_push (f.h, token_batch (tokens, 0, 1, N_CTX))
      == GST_FLOW_NOT_NEGOTIATED);
  fixture_free (&f);

  f = fixture_new (sample (), NULL, 1);
  set_caps (&f, NULL, BATCH, 129, 1024);
  assert_error (&f, "129", "128", NULL);
  fixture_free (&f);
}
GST_END_TEST;

/* ids that the caps allow but not the model cannot come; those that the caps
 * do not allow are an error */
GST_START_TEST (test_bad_token)
{
  Fixture f = fixture_new (sample (), NULL, 1);
  g_autofree gint32 *tokens = golden_tokens ();

  set_caps (&f, NULL, BATCH, N_CTX, 0); /* vocabulary not known */
  tokens[70] = 1024;
  fail_unless (gst_harness_push (f.h, token_batch (tokens, 7, 2, N_CTX))
      == GST_FLOW_ERROR);
  assert_error (&f, "batch 7", "position 70", "1024", NULL);
  fixture_free (&f);
}
GST_END_TEST;

/* A copy of the sample whose weights make one component overflow. */
static gchar *
overflowing_model (void)
{
  gchar *folder = g_dir_make_tmp ("act-overflow-XXXXXX", NULL);
  g_autofree gchar *from =
      g_build_filename (sample (), "model.safetensors", NULL);
  g_autofree gchar *to = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree gchar *config_from =
      g_build_filename (sample (), "config.json", NULL);
  g_autofree gchar *config_to = g_build_filename (folder, "config.json", NULL);
  g_autofree gchar *config = NULL;
  g_autoptr (ActSafetensors) file = act_safetensors_open (from, NULL);
  guint n = act_safetensors_get_n_tensors (file);
  g_autofree ActTensor *tensors = g_new (ActTensor, n);
  gfloat bias[128] = { 3e38f };
  g_autofree gfloat *w = g_new0 (gfloat, 128 * 128);

  w[5] = 3e38f;
  for (guint i = 0; i < n; i++) {
    tensors[i] = *act_safetensors_get (file, i);
    if (g_str_equal (tensors[i].name, "_ci_fns.h-0-attn-o_proj.layers.0.b")) {
      tensors[i].dtype = ACT_DTYPE_F32;
      tensors[i].data = bias;
    }
    if (g_str_equal (tensors[i].name, "_ci_fns.h-0-attn-o_proj.layers.2.W")) {
      tensors[i].dtype = ACT_DTYPE_F32;
      tensors[i].data = w;
    }
  }
  fail_unless (act_safetensors_write (to, tensors, n, NULL, NULL));
  fail_unless (g_file_get_contents (config_from, &config, NULL, NULL));
  fail_unless (g_file_set_contents (config_to, config, -1, NULL));
  return folder;
}

GST_START_TEST (test_overflow)
{
  const gchar *layouts[] = { "csr", "dense" };
  g_autofree gchar *folder = overflowing_model ();
  g_autofree gchar *weights =
      g_build_filename (folder, "model.safetensors", NULL);
  g_autofree gchar *config = g_build_filename (folder, "config.json", NULL);
  g_autofree gint32 *tokens = golden_tokens ();

  for (guint l = 0; l < 2; l++) {
    Fixture f = fixture_new (folder, NULL, 2);

    set_caps (&f, layouts[l], BATCH, N_CTX, 1024);
    fail_unless (gst_harness_push (f.h, token_batch (tokens, 3, BATCH, N_CTX))
        == GST_FLOW_ERROR);
    assert_error (
        &f, "batch 3", "position 0", "h.0.attn.o_proj:5", "infinity", NULL);
    fixture_free (&f);
  }
  g_remove (weights);
  g_remove (config);
  g_rmdir (folder);
}
GST_END_TEST;

/* A buffer that somebody else holds too is left as it is. */
GST_START_TEST (test_shared_buffer)
{
  Fixture f = fixture_new (sample (), NULL, 1);
  g_autofree gint32 *tokens = golden_tokens ();
  GstBuffer *in = token_batch (tokens, 0, BATCH, N_CTX), *out;

  set_caps (&f, "csr", BATCH, N_CTX, 1024);
  out = gst_harness_push_and_pull (f.h, gst_buffer_ref (in));
  fail_unless (out != in);
  fail_unless_equals_int (gst_buffer_n_memory (in), 1);
  fail_unless_equals_int (gst_buffer_n_memory (out), 4);
  /* the tokens were not copied */
  fail_unless (
      gst_buffer_peek_memory (in, 0) == gst_buffer_peek_memory (out, 0));
  fail_unless (
      gst_act_batch_meta_get (in)->block[GST_ACT_BLOCK_COMPONENT_VALUES] == -1);
  gst_buffer_unref (in);
  gst_buffer_unref (out);
  fixture_free (&f);
}
GST_END_TEST;

GST_START_TEST (test_eos_and_reuse)
{
  Fixture f = fixture_new (sample (), NULL, 2);
  g_autofree gint32 *tokens = golden_tokens ();
  g_autofree gfloat *first = NULL, *again = NULL;
  GstEvent *event;
  GstBuffer *out;

  set_caps (&f, "csr", BATCH, N_CTX, 1024);
  out = gst_harness_push_and_pull (f.h, token_batch (tokens, 0, BATCH, N_CTX));
  first = values_of (&f, out);
  gst_buffer_unref (out);
  fail_unless (gst_harness_push_event (f.h, gst_act_event_new_complete (4)));
  fail_unless (gst_harness_push_event (f.h, gst_event_new_eos ()));
  while ((event = gst_harness_try_pull_event (f.h)) != NULL) {
    gboolean eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;

    gst_event_unref (event);
    if (eos)
      break;
  }
  fail_unless (
      gst_pad_get_sticky_event (f.h->sinkpad, GST_EVENT_EOS, 0) != NULL);

  /* down to NULL, where the model may change, and up again */
  gst_element_set_state (f.element, GST_STATE_NULL);
  g_object_set (f.element, "modules", "h.0.*", "threads", 1, NULL);
  gst_element_set_state (f.element, GST_STATE_PLAYING);
  gst_harness_push_event (f.h, gst_event_new_flush_start ());
  gst_harness_push_event (f.h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (f.h, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps (f.h, gst_act_caps_new_tokens (BATCH, N_CTX, 1024));
  out = gst_harness_push_and_pull (f.h, token_batch (tokens, 0, BATCH, N_CTX));
  fail_unless (gst_act_batch_meta_get (out)->alive != NULL);
  again = values_of (&f, out);
  for (gsize i = 0; i < BATCH * N_CTX * N_COMPONENTS; i++)
    fail_unless (again[i] == (i % N_COMPONENTS < 768 ? first[i] : 0));
  gst_buffer_unref (out);
  fixture_free (&f);
}
GST_END_TEST;

/* who cuts tokens asks how long samples may be; only a model knows */
GST_START_TEST (test_sample_length)
{
  Fixture f = fixture_new (sample (), NULL, 1);
  g_autoptr (GstQuery) query = gst_act_query_new_sample_length ();
  guint longest = 0;

  fail_unless (gst_pad_peer_query (f.h->srcpad, query));
  fail_unless (gst_act_query_parse_sample_length (query, &longest));
  fail_unless_equals_int (longest, BLOCK_SIZE);
  gst_element_set_state (f.element, GST_STATE_READY);
  gst_query_unref (query);
  query = gst_act_query_new_sample_length ();
  fail_if (gst_pad_peer_query (f.h->srcpad, query));
  fixture_free (&f);
}
GST_END_TEST;

static Suite *
actforward_suite (void)
{
  Suite *s = suite_create ("actforward");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_csr);
  tcase_add_test (tc, test_dense);
  tcase_add_test (tc, test_caps);
  tcase_add_test (tc, test_sample_length);
  tcase_add_test (tc, test_fingerprint);
  tcase_add_test (tc, test_modules);
  tcase_add_test (tc, test_bad_properties);
  tcase_add_test (tc, test_refused_caps);
  tcase_add_test (tc, test_bad_token);
  tcase_add_test (tc, test_overflow);
  tcase_add_test (tc, test_shared_buffer);
  tcase_add_test (tc, test_eos_and_reuse);
  return s;
}

GST_CHECK_MAIN (actforward)
