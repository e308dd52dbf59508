/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* acttokensrc: forms and types of files, ranges and seeks by sample, ids
 * outside the vocabulary. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "../core/testfile.h"
#include "formats/npy.h"
#include "formats/safetensors.h"

#define N_CTX 3

typedef struct {
  guint64 first;
  guint n_samples;
  guint64 batch_index;
  gint32 token; /* the first */
} Batch;

typedef struct {
  GArray *batches;
  gint n_complete;
  guint64 total;
  guint complete_at; /* batches before it */
  guint n_vocabularies;
} Log;

static GstPadProbeReturn
log_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Log *log = data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
    Batch batch = { GST_BUFFER_OFFSET (buffer), meta->n_samples,
      meta->batch_index };
    GstMapInfo map;

    fail_unless_equals_uint64 (
        GST_BUFFER_OFFSET_END (buffer), batch.first + batch.n_samples);
    fail_unless (gst_memory_map (
        gst_buffer_peek_memory (buffer, 0), &map, GST_MAP_READ));
    fail_unless (map.size >= batch.n_samples * N_CTX * sizeof (gint32));
    batch.token = *(gint32 *) map.data;
    gst_memory_unmap (map.memory, &map);
    g_array_append_val (log->batches, batch);
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
    g_autoptr (GstActVocabulary) vocabulary = NULL;

    if (gst_act_event_parse_complete (event, &log->total)) {
      log->n_complete++;
      log->complete_at = log->batches->len;
    }
    if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
      fail_unless_equals_int (log->batches->len, 0);
      log->n_vocabularies++;
    }
  }
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_pipeline (Log *log, const char *properties)
{
  g_autofree char *description = g_strdup_printf (
      "acttokensrc name=src %s ! fakesink sync=false", properties);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstElement) src = NULL;
  g_autoptr (GstPad) pad = NULL;

  g_assert_no_error (error);
  src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  pad = gst_element_get_static_pad (src, "src");
  memset (log, 0, sizeof *log);
  log->batches = g_array_new (FALSE, FALSE, sizeof (Batch));
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      log_probe, log, NULL);
  return pipeline;
}

/* -> the first error's text, or NULL at EOS; then NULL state */
static char *
finish (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  fail_unless (message != NULL);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return error ? g_strdup (error->message) : NULL;
}

static void
assert_batches (Log *log, const Batch *expected, guint n, guint64 total)
{
  fail_unless_equals_int (log->batches->len, n);
  for (guint i = 0; i < n; i++) {
    Batch *b = &g_array_index (log->batches, Batch, i);

    fail_unless_equals_uint64 (b->first, expected[i].first);
    fail_unless_equals_int (b->n_samples, expected[i].n_samples);
    fail_unless_equals_uint64 (b->batch_index, expected[i].batch_index);
    fail_unless_equals_int (b->token, b->first * N_CTX);
  }
  fail_unless_equals_int (log->n_complete, 1);
  fail_unless_equals_uint64 (log->total, total);
  fail_unless_equals_int (log->complete_at, n > 0 ? n - 1 : 0);
  g_clear_pointer (&log->batches, g_array_unref);
}

static void
assert_fails (const char *properties, const char *what)
{
  Log log;
  g_autofree char *error = finish (make_pipeline (&log, properties));

  fail_unless (error != NULL, "no error about '%s'", what);
  fail_unless (strstr (error, what) != NULL, "%s", error);
  g_array_unref (log.batches);
}

/* sample s, position p has the id 3 s + p */
static char *
write_tokens (const char *name, ActDtype dtype, guint n_dims,
    const guint64 *shape, guint n_padding)
{
  ActTensor tensor = { .name = "ids", .dtype = dtype, .n_dims = n_dims };
  g_autofree guint8 *data = NULL;
  gsize size = act_dtype_size (dtype);
  char *path = test_path (name);

  memcpy (tensor.shape, shape, n_dims * sizeof *shape);
  act_tensor_set_sizes (&tensor, NULL);
  tensor.data = data = g_malloc (tensor.size + 1);
  for (gsize i = 0; i < tensor.n_elements; i++) {
    gint64 id = i < tensor.n_elements - n_padding * N_CTX ? (gint64) i : -1;

    memcpy (data + i * size, &id, size);
  }
  if (g_str_has_suffix (name, ".npy"))
    fail_unless (act_npy_write (path, &tensor, NULL));
  else if (g_str_has_suffix (name, ".safetensors"))
    fail_unless (act_safetensors_write (path, &tensor, 1, NULL, NULL));
  else
    fail_unless (g_file_set_contents (path, (char *) data, tensor.size, NULL));
  return path;
}

static const Batch whole[] = { { 0, 4, 0 }, { 4, 4, 1 }, { 8, 2, 2 } };

GST_START_TEST (test_forms)
{
  static const ActDtype dtypes[] = { ACT_DTYPE_U16, ACT_DTYPE_I32,
    ACT_DTYPE_U32, ACT_DTYPE_I64 };
  static const char *const names[] = { "uint16", "int32", "uint32", "int64" };
  static const guint64 shape[] = { 10, N_CTX }, flat[] = { 10 * N_CTX };
  Log log;

  test_folder_make ();
  for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    g_autofree char *npy = write_tokens ("t.npy", dtypes[i], 2, shape, 0);
    g_autofree char *st =
        write_tokens ("t.safetensors", dtypes[i], 2, shape, 0);
    g_autofree char *raw = write_tokens ("t.bin", dtypes[i], 2, shape, 0);
    g_autofree char *one = write_tokens ("1.npy", dtypes[i], 1, flat, 0);
    char *properties[] = {
      g_strdup_printf ("location=%s batch-size=4 vocab-size=30", npy),
      g_strdup_printf ("location=%s tensor=ids batch-size=4 vocab-size=30", st),
      g_strdup_printf ("location=%s raw-dtype=%s n-ctx=3 batch-size=4 "
                       "vocab-size=30",
          raw, names[i]),
      g_strdup_printf ("location=%s n-ctx=3 batch-size=4 vocab-size=30", one),
      g_strdup_printf ("location=%s n-ctx=3 batch-size=4 vocab-size=29", npy),
    };

    for (guint j = 0; j < 4; j++) {
      fail_unless (finish (make_pipeline (&log, properties[j])) == NULL);
      assert_batches (&log, whole, 3, 10);
    }
    assert_fails (properties[4],
        "sample 9, position 2: token id 29 is outside the vocabulary");
    for (guint j = 0; j < G_N_ELEMENTS (properties); j++)
      g_free (properties[j]);
  }
  test_folder_remove ();
}
GST_END_TEST;

/* [batches, batch, n_ctx], the last rows -1 */
GST_START_TEST (test_padding)
{
  static const guint64 shape[] = { 3, 4, N_CTX };
  Log log;
  g_autofree char *path = NULL, *properties = NULL;

  test_folder_make ();
  path = write_tokens ("t.npy", ACT_DTYPE_I32, 3, shape, 2);
  properties = g_strdup_printf ("location=%s batch-size=4 vocab-size=30", path);
  fail_unless (finish (make_pipeline (&log, properties)) == NULL);
  assert_batches (&log, whole, 3, 10);
  /* a whole batch of -1 is no batch; more than that is an error */
  g_free (write_tokens ("t.npy", ACT_DTYPE_I32, 3, shape, 4));
  fail_unless (finish (make_pipeline (&log, properties)) == NULL);
  assert_batches (&log, whole, 2, 8);
  g_free (write_tokens ("t.npy", ACT_DTYPE_I32, 3, shape, 5));
  assert_fails (properties, "sample 7, position 0: token id -1");
  test_folder_remove ();
}
GST_END_TEST;

GST_START_TEST (test_ranges)
{
  static const guint64 shape[] = { 10, N_CTX };
  static const Batch part[] = { { 3, 1, 0 }, { 4, 4, 1 }, { 8, 1, 2 } };
  static const Batch inner[] = { { 5, 2, 1 } };
  g_autofree char *path = NULL, *a = NULL, *b = NULL, *c = NULL, *d = NULL,
                  *e = NULL;
  Log log;

  test_folder_make ();
  path = write_tokens ("t.npy", ACT_DTYPE_I32, 2, shape, 0);
#define BASE "location=%s batch-size=4 vocab-size=30 "
  a = g_strdup_printf (BASE "first-sample=3 n-samples=6", path);
  fail_unless (finish (make_pipeline (&log, a)) == NULL);
  assert_batches (&log, part, 3, 6);
  b = g_strdup_printf (BASE "first-sample=5 n-samples=2", path);
  fail_unless (finish (make_pipeline (&log, b)) == NULL);
  assert_batches (&log, inner, 1, 2);
  c = g_strdup_printf (BASE "first-sample=10", path);
  fail_unless (finish (make_pipeline (&log, c)) == NULL);
  assert_batches (&log, NULL, 0, 0);
  d = g_strdup_printf (BASE "first-sample=11", path);
  assert_fails (d, "has 10 samples, expected at least 11");
  e = g_strdup_printf (BASE "first-sample=5 n-samples=6", path);
  assert_fails (e, "has 10 samples, expected at least 11");
  test_folder_remove ();
}
GST_END_TEST;

GST_START_TEST (test_seek)
{
  static const guint64 shape[] = { 10, N_CTX };
  static const Batch part[] = { { 6, 2, 1 }, { 8, 1, 2 } };
  g_autofree char *path = NULL, *properties = NULL;
  g_autoptr (GstElement) src = NULL;
  GstElement *pipeline;
  gint64 position, duration;
  Log log;

  test_folder_make ();
  path = write_tokens ("t.npy", ACT_DTYPE_I32, 2, shape, 0);
  properties = g_strdup_printf ("location=%s batch-size=4 vocab-size=30", path);
  pipeline = make_pipeline (&log, properties);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (
      gst_element_get_state (pipeline, NULL, NULL, 60 * GST_SECOND),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless (
      gst_element_query_duration (pipeline, GST_FORMAT_DEFAULT, &duration));
  fail_unless_equals_int64 (duration, 10);
  /* for the next run: in this one all batches are cut alike */
  src = gst_bin_get_by_name (GST_BIN (pipeline), "src");
  g_object_set (src, "batch-size", 3, NULL);
  fail_if (gst_element_seek (pipeline, 1.0, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0));
  fail_unless (gst_element_seek (pipeline, 1.0, GST_FORMAT_DEFAULT,
      GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 6, GST_SEEK_TYPE_SET, 9));
  fail_unless_equals_int (
      gst_element_get_state (pipeline, NULL, NULL, 60 * GST_SECOND),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless (
      gst_element_query_position (pipeline, GST_FORMAT_DEFAULT, &position));
  fail_unless (position >= 6 && position <= 9);
  /* what came before the seek */
  while (g_array_index (log.batches, Batch, 0).first < 6)
    g_array_remove_index (log.batches, 0);
  fail_unless (finish (pipeline) == NULL);
  log.complete_at = 1;
  assert_batches (&log, part, 2, 3);
  test_folder_remove ();
}
GST_END_TEST;

GST_START_TEST (test_vocabulary)
{
  g_autofree char *in =
      g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", "basic", NULL);
  GstHarness *h;
  g_autofree char *tokens = g_build_filename (in, "tokens.npy", NULL);
  g_autofree char *vocabulary = g_build_filename (in, "vocab.json", NULL);
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstActInfo) info = NULL;

  h = gst_harness_new ("acttokensrc");
  gst_harness_set (h, "acttokensrc", "location", tokens, "vocabulary",
      vocabulary, "batch-size", 4, NULL);
  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  caps = gst_pad_get_current_caps (h->sinkpad);
  info = gst_act_info_new_from_caps (caps, NULL);
  fail_unless_equals_int (info->batch_size, 4);
  fail_unless_equals_int (info->sequence_length, 16);
  fail_unless_equals_int (info->vocab_size, 90);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_bad_files)
{
  static const guint64 shape[] = { 10, N_CTX };
  g_autofree char *npy = NULL, *st = NULL, *raw = NULL, *f32 = NULL;

  test_folder_make ();
  npy = write_tokens ("t.npy", ACT_DTYPE_I32, 2, shape, 0);
  st = write_tokens ("t.safetensors", ACT_DTYPE_I32, 2, shape, 0);
  raw = write_tokens ("t.bin", ACT_DTYPE_U16, 2, shape, 0);
  f32 = write_tokens ("f.npy", ACT_DTYPE_F32, 2, shape, 0);
#define CHECK(what, ...)                                                       \
  {                                                                            \
    g_autofree char *properties = g_strdup_printf (__VA_ARGS__);               \
    assert_fails (properties, what);                                           \
  }
  CHECK ("'location' is not set", "vocab-size=9");
  CHECK ("'vocabulary' nor 'vocab-size'", "location=%s", npy);
  CHECK ("No such file", "location=%s.x vocab-size=9", npy);
  CHECK ("a folder", "location=%s vocab-size=9", test_folder);
  CHECK ("expected 4", "location=%s n-ctx=4 vocab-size=9", npy);
  CHECK ("no tensor 'tokens'", "location=%s vocab-size=9", st);
  CHECK ("n-ctx is needed", "location=%s vocab-size=9", raw);
  CHECK ("a multiple of n-ctx, 7", "location=%s n-ctx=7 vocab-size=9", raw);
  CHECK ("a multiple of 8", "location=%s n-ctx=3 raw-dtype=int64 vocab-size=9",
      raw);
  CHECK ("has F32", "location=%s vocab-size=9", f32);
  CHECK ("too much for one batch",
      "location=%s batch-size=2147483647 vocab-size=9", npy);
  g_assert_true (g_file_set_contents (npy, "\x93NUMPY", 6, NULL));
  CHECK (npy, "location=%s vocab-size=9", npy);
  test_folder_remove ();
}
GST_END_TEST;

static Suite *
acttokensrc_suite (void)
{
  Suite *suite = suite_create ("acttokensrc");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_forms);
  tcase_add_test (tc, test_padding);
  tcase_add_test (tc, test_ranges);
  tcase_add_test (tc, test_seek);
  tcase_add_test (tc, test_vocabulary);
  tcase_add_test (tc, test_bad_files);
  return suite;
}

GST_CHECK_MAIN (acttokensrc);
