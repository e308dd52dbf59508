/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdumpsrc and actdumpsink: what the golden folders hold comes out, goes in
 * again the same, and nothing half-written is ever left. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../core/testfile.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "sparse/csr.h"

static const char *const cases[] = { "basic", "batch_1", "batch_128",
  "dead_components", "dense_normal_sigmoid", "duplicate_texts",
  "empty_clusters", "leaky_negative", "many_values", "negative_and_zero",
  "negative_unfiltered", "ragged_last_batch", "single_cluster", "ties" };

static char *
golden (const char *name)
{
  return g_build_filename (g_getenv ("ACT_TEST_DATA"), "golden", name, NULL);
}

/* Runs a pipeline to its end. NULL when it got there, else the text of its
 * first error. (transfer full) */
static char *
run (const char *format, ...)
{
  g_autofree char *description = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  char *text = NULL;
  va_list args;

  va_start (args, format);
  description = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  fail_unless (message != NULL, "no end: %s", description);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    text = g_strdup (error->message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return text;
}

static void
assert_runs (char *error)
{
  fail_unless (error == NULL, "%s", error);
}

static void
assert_fails (char *error, const char *what)
{
  fail_unless (error != NULL, "no error about '%s'", what);
  fail_unless (strstr (error, what) != NULL, "%s", error);
  g_free (error);
}

/* All bytes of two files agree. */
static void
assert_same_file (const char *a, const char *b, const char *name)
{
  g_autofree char *x = g_build_filename (a, name, NULL);
  g_autofree char *y = g_build_filename (b, name, NULL);
  g_autofree char *p = NULL, *q = NULL;
  gsize n, m;

  fail_unless (g_file_get_contents (x, &p, &n, NULL), "%s", x);
  fail_unless (g_file_get_contents (y, &q, &m, NULL), "%s", y);
  fail_unless (n == m && memcmp (p, q, n) == 0, "%s differs from %s", x, y);
}

/* Values agree, -0.0 == 0.0. */
static void
assert_same_values (const char *a, const char *b, const char *name)
{
  g_autofree char *x = g_build_filename (a, name, NULL);
  g_autofree char *y = g_build_filename (b, name, NULL);
  g_autoptr (ActNpy) p = act_npy_open (x, NULL);
  g_autoptr (ActNpy) q = act_npy_open (y, NULL);
  const float *u, *v;

  fail_unless (p != NULL && q != NULL, "%s", name);
  fail_unless_equals_int (act_npy_get (p)->size, act_npy_get (q)->size);
  u = act_npy_get (p)->data;
  v = act_npy_get (q)->data;
  for (gsize i = 0; i < act_npy_get (p)->n_elements; i++)
    fail_unless (u[i] == v[i], "%s: %g, %g", name, u[i], v[i]);
}

static void
assert_same_dump (const char *a, const char *b)
{
  g_autoptr (GDir) dir = g_dir_open (a, 0, NULL);
  const char *name;
  guint n = 0;

  assert_same_file (a, b, "labels.txt");
  assert_same_file (a, b, "tokens.npy");
  assert_same_file (a, b, "vocab.json");
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (!g_str_has_prefix (name, "activations_"))
      continue;
    assert_same_values (a, b, name);
    n++;
  }
  fail_unless (n > 0);
}

GST_START_TEST (test_round_trip)
{
  g_autofree char *in = golden (cases[__i__]);
  g_autofree char *npy = NULL, *st = NULL, *back = NULL;

  test_folder_make ();
  npy = test_path ("npy");
  st = test_path ("st");
  back = test_path ("back");
  assert_runs (run ("actdumpsrc location=%s layout=dense ! actdumpsink "
                    "location=%s",
      in, npy));
  assert_same_dump (in, npy);
  assert_runs (run ("actdumpsrc location=%s layout=csr ! actdumpsink "
                    "location=%s format=safetensors",
      in, st));
  assert_runs (run (
      "actdumpsrc location=%s ! queue ! actdumpsink location=%s", st, back));
  assert_same_dump (in, back);
  assert_same_file (npy, back, "dump.json");
  test_folder_remove ();
}
GST_END_TEST;

/* every value, label and count, in both layouts */
GST_START_TEST (test_values)
{
  g_autofree char *in = golden ("ragged_last_batch");
  g_autofree char *name = g_build_filename (in, "activations_002.npy", NULL);
  g_autoptr (ActNpy) npy = act_npy_open (name, NULL);
  const ActTensor *tensor = act_npy_get (npy);

  for (guint csr = 0; csr < 2; csr++) {
    GstHarness *h = gst_harness_new ("actdumpsrc");
    g_autoptr (GstCaps) caps = NULL;
    g_autoptr (GstActInfo) info = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    g_autofree float *dense = g_new (float, tensor->n_elements);
    GstActBatch batch;

    gst_harness_set (
        h, "actdumpsrc", "location", in, "layout", csr ? 1 : 2, NULL);
    gst_harness_play (h);
    for (guint i = 0; i < 2; i++)
      gst_buffer_unref (gst_harness_pull (h));
    buffer = gst_harness_pull (h);
    caps = gst_pad_get_current_caps (h->sinkpad);
    info = gst_act_info_new_from_caps (caps, NULL);
    fail_unless_equals_int (info->batch_size, 6);
    fail_unless_equals_int (info->sequence_length, 14);
    fail_unless_equals_int (info->vocab_size, 90);
    fail_unless_equals_int (info->n_modules, 3);
    fail_unless (gst_act_batch_map (&batch, buffer, info,
        GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS, NULL));
    fail_unless_equals_int (batch.n_samples, 2);
    fail_unless_equals_uint64 (batch.first_sample, 12);
    fail_unless_equals_uint64 (batch.batch_index, 2);
    fail_unless (batch.alive == NULL);
    if (csr)
      act_csr_to_dense (batch.n_positions, batch.n_components,
          batch.component_indptr, batch.component_indices,
          batch.component_values, dense);
    fail_unless (memcmp (csr ? dense : batch.component_values, tensor->data,
                     tensor->size)
        == 0);
    gst_act_batch_unmap (&batch);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* labels out of order and with gaps, in a dump of one batch */
static char *
make_dump (const char *labels, const float *values, guint n_labels,
    const gint32 *tokens, guint n_rows, guint n_samples)
{
  char *folder = test_path ("dump");
  g_autofree char *label_file = g_build_filename (folder, "labels.txt", NULL);
  g_autofree char *token_file = g_build_filename (folder, "tokens.npy", NULL);
  g_autofree char *value_file =
      g_build_filename (folder, "activations_7.npy", NULL);
  const ActTensor t = { .dtype = ACT_DTYPE_I32,
    .n_dims = 3,
    .shape = { 1, n_rows, 2 },
    .data = tokens };
  const ActTensor v = { .dtype = ACT_DTYPE_F32,
    .n_dims = 2,
    .shape = { n_samples * 2, n_labels },
    .data = values };

  g_mkdir (folder, 0700);
  fail_unless (g_file_set_contents (label_file, labels, -1, NULL));
  fail_unless (act_npy_write (token_file, &t, NULL));
  fail_unless (act_npy_write (value_file, &v, NULL));
  return folder;
}

GST_START_TEST (test_missing_columns)
{
  static const gint32 tokens[] = { 5, 6, -1, -1 };
  static const float values[] = { 1, 2, -0.0f, 4 };
  static const float expected[] = { 0, 0, 1, 0, 2, 0, 0, 0, 0, 4 };
  static const guint8 alive[] = { 0, 0, 1, 0, 1 };
  g_autoptr (GstBuffer) buffer = NULL;
  g_autofree char *folder = NULL;
  GstActBatchMeta *meta;
  GstMapInfo map;
  GstHarness *h = gst_harness_new ("actdumpsrc");

  test_folder_make ();
  folder = make_dump ("m b:2\nx:1\n", values, 2, tokens, 2, 1);
  gst_harness_set (h, "actdumpsrc", "location", folder, NULL);
  gst_harness_play (h);
  buffer = gst_harness_pull (h);
  meta = gst_act_batch_meta_get (buffer);
  fail_unless_equals_int (meta->n_samples, 1);
  fail_unless_equals_int (g_bytes_get_size (meta->alive), 5);
  fail_unless (memcmp (g_bytes_get_data (meta->alive, NULL), alive, 5) == 0);
  fail_unless (gst_memory_map (gst_buffer_peek_memory (buffer,
                                   meta->block[GST_ACT_BLOCK_COMPONENT_VALUES]),
      &map, GST_MAP_READ));
  fail_unless (memcmp (map.data, expected, sizeof expected) == 0);
  gst_memory_unmap (map.memory, &map);
  gst_harness_teardown (h);
  test_folder_remove ();
}
GST_END_TEST;

static GstActLayout
layout_of (const char *folder)
{
  GstHarness *h = gst_harness_new ("actdumpsrc");
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstActInfo) info = NULL;
  GstActLayout layout;

  gst_harness_set (h, "actdumpsrc", "location", folder, NULL);
  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  caps = gst_pad_get_current_caps (h->sinkpad);
  info = gst_act_info_new_from_caps (caps, NULL);
  fail_unless (info != NULL);
  layout = info->layout;
  gst_harness_teardown (h);
  return layout;
}

/* left to the source, CSR where at most a quarter is not 0 */
GST_START_TEST (test_auto_layout)
{
  static const gint32 tokens[] = { 1, 2, 3, 4 };
  static const float quarter[] = { 0, 1, 0, 0, 0, 0, 0, -1 };
  static const float more[] = { 0, 1, 0, 0, 2, 0, 0, -1 };
  g_autofree char *folder = NULL;

  test_folder_make ();
  folder = make_dump ("m:0\nm:1\n", quarter, 2, tokens, 2, 2);
  fail_unless_equals_int (layout_of (folder), GST_ACT_LAYOUT_CSR);
  g_free (make_dump ("m:0\nm:1\n", more, 2, tokens, 2, 2));
  fail_unless_equals_int (layout_of (folder), GST_ACT_LAYOUT_DENSE);
  test_folder_remove ();
}
GST_END_TEST;

#define SRC "actdumpsrc location=%s ! fakesink"

static void
replace (const char *folder, const char *name, const void *data, gssize size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (data == NULL)
    g_unlink (path);
  else
    fail_unless (g_file_set_contents (path, data, size, NULL));
}

GST_START_TEST (test_bad_folders)
{
  static const gint32 tokens[] = { 1, 2, 3, 4 };
  static const gint32 holes[] = { -1, -1, 3, 4 };
  static const gint32 half[] = { 1, -1, 3, 4 };
  static const gint32 none[] = { -1, -1, -1, -1 };
  const float nan_value[] = { 0, 0, 0, 0, 0, 0, NAN, 0 };
  const float inf_value[] = { 0, 0, 0, 0, 0, -INFINITY, 0, 0 };
  static const float good[8] = { 0 };
  g_autofree char *folder = NULL;

  test_folder_make ();
  assert_fails (run ("actdumpsrc ! fakesink"), "'location' is not set");
  assert_fails (run (SRC, "/nonexistent/x"), "/nonexistent/x");
  assert_fails (run (SRC, test_folder), "is no dump");
  folder = make_dump ("m:0\nm:1\n", good, 2, tokens, 2, 2);
  assert_runs (run (SRC, folder));
  replace (folder, "vocab.json", "[\"a\", \"b\"]", -1);
  assert_fails (run (SRC, folder),
      "batch 0, sample 0, position 1: token id 2 is outside");
  replace (folder, "vocab.json", "{", -1);
  assert_fails (run (SRC, folder), "vocab.json");
  replace (folder, "vocab.json", NULL, 0);
  replace (folder, "labels.txt", "m:0\nm:0\n", -1);
  assert_fails (run (SRC, folder), "line 2: label 'm:0' comes twice");
  replace (folder, "labels.txt", "m:0\nm\n", -1);
  assert_fails (run (SRC, folder), "line 2: 'm' is no label");
  replace (folder, "labels.txt", "m:0\nm:99999999999\n", -1);
  assert_fails (run (SRC, folder), "is no label");
  replace (folder, "labels.txt", "m:0\n", -1);
  assert_fails (run (SRC, folder), "expected F32 or F16 [4, 1]");
  replace (folder, "labels.txt", NULL, 0);
  assert_fails (run (SRC, folder), "no labels.txt");
  replace (folder, "labels.txt", "m:0\nm:1\n", -1);
  replace (folder, "activations_9.npy", "x", -1);
  assert_fails (run (SRC, folder), "where number 8 is expected");
  replace (folder, "activations_9.npy", NULL, 0);
  replace (folder, "activations_8.npy", "x", -1);
  assert_fails (run (SRC, folder), "has 2 files");
  replace (folder, "activations_8.npy", NULL, 0);
  replace (folder, "b.safetensors", "x", -1);
  assert_fails (run (SRC, folder), "expected one form");
  replace (folder, "b.safetensors", NULL, 0);
  replace (folder, "dump.json", "{\"vocab_size\": -1}", -1);
  assert_fails (run (SRC, folder), "\"vocab_size\" is -1");
  replace (folder, "dump.json", NULL, 0);

  g_free (make_dump ("m:0\nm:1\n", nan_value, 2, tokens, 2, 2));
  assert_fails (run (SRC, folder),
      "batch 0, sample 1, position 1, component 'm:0': activation is NaN");
  assert_fails (run ("actdumpsrc location=%s layout=dense ! fakesink", folder),
      "batch 0, sample 1, position 1, component 'm:0': activation is NaN");
  g_free (make_dump ("m:0\nm:1\n", inf_value, 2, tokens, 2, 2));
  assert_fails (run (SRC, folder),
      "batch 0, sample 1, position 0, component 'm:1': activation is inf");
  g_free (make_dump ("m:0\nm:1\n", good, 2, holes, 2, 2));
  assert_fails (run (SRC, folder), "row 0 is -1 but row 1 is not");
  g_free (make_dump ("m:0\nm:1\n", good, 2, half, 2, 2));
  assert_fails (
      run (SRC, folder), "sample 0, position 1: token id -1 is outside");
  g_free (make_dump ("m:0\nm:1\n", good, 2, none, 2, 2));
  assert_fails (run (SRC, folder), "expected at least one");
  g_free (make_dump ("m:0\nm:1\n", good, 2, tokens, 2, 1));
  assert_fails (run (SRC, folder), "expected F32 or F16 [4, 2], 2 samples");
  replace (folder, "activations_7.npy", "x", -1);
  assert_fails (run (SRC, folder), "activations_7.npy");
  replace (folder, "tokens.npy", "x", -1);
  assert_fails (run (SRC, folder), "tokens.npy");
  test_folder_remove ();
}
GST_END_TEST;

static void
write_batch (const char *name, ActDtype dtype, const void *values,
    const char *key, const char *text)
{
  static const gint64 tokens[] = { 1, 2, 3, 4, -1, -1 };
  g_autofree char *path = test_path (name);
  const ActTensor tensors[] = {
    { .name = "tokens",
        .dtype = ACT_DTYPE_I64,
        .n_dims = 2,
        .shape = { 3, 2 },
        .data = tokens },
    { .name = "m.b",
        .dtype = dtype,
        .n_dims = 3,
        .shape = { 3, 2, 1 },
        .data = values },
    { .name = "m.a",
        .dtype = dtype,
        .n_dims = 3,
        .shape = { 3, 2, 1 },
        .data = values },
  };
  const char *const metadata[] = { key, text, NULL };

  fail_unless (
      act_safetensors_write (path, tensors, 3, key ? metadata : NULL, NULL));
}

/* F16 and BF16, both ways to say the order, numbers in names */
GST_START_TEST (test_safetensors)
{
  static const guint16 f16[] = { 0x3c00, 0x4000, 0x8000, 0x0001, 0, 0 };
  static const guint16 bf16[] = { 0x3f80, 0x4000, 0x8000, 0x3380, 0, 0 };
  static const float expected[] = { 1, 1, 2, 2, 0, 0, 0x1p-24f, 0x1p-24f };
  g_autofree char *out = NULL;

  for (guint i = 0; i < 2; i++) {
    g_autofree char *first = NULL;
    g_autoptr (ActNpy) npy = NULL;

    test_folder_make ();
    out = test_path ("out");
    write_batch ("x10.safetensors", ACT_DTYPE_BF16, bf16,
        i ? "modules" : "labels", i ? "[\"m.a\", \"m.b\"]" : "m.a:0\nm.b:0\n");
    write_batch ("x9.safetensors", ACT_DTYPE_F16, f16, i ? "modules" : "labels",
        i ? "[\"m.a\", \"m.b\"]" : "m.a:0\nm.b:0\n");
    assert_runs (run (
        "actdumpsrc location=%s ! actdumpsink location=%s", test_folder, out));
    for (guint b = 0; b < 2; b++) {
      g_autofree char *name = g_strdup_printf ("activations_00%u.npy", b);
      g_autofree char *path = g_build_filename (out, name, NULL);
      g_autoptr (ActNpy) values = act_npy_open (path, NULL);

      fail_unless_equals_int (act_npy_get (values)->size, sizeof expected);
      fail_unless (
          memcmp (act_npy_get (values)->data, expected, sizeof expected) == 0);
    }
    first = g_build_filename (out, "tokens.npy", NULL);
    npy = act_npy_open (first, NULL);
    fail_unless_equals_int (act_npy_get (npy)->shape[1], 3);

    /* the two disagree; no order; a module that is not there */
    write_batch ("x10.safetensors", ACT_DTYPE_BF16, bf16,
        i ? "modules" : "labels", i ? "[\"m.a\"]" : "m.a:0\n");
    assert_fails (run (SRC, test_folder), "differs from that of");
    write_batch ("x9.safetensors", ACT_DTYPE_F16, f16, NULL, NULL);
    assert_fails (run (SRC, test_folder), "what the columns are");
    write_batch ("x9.safetensors", ACT_DTYPE_F16, f16, i ? "modules" : "labels",
        i ? "[\"m.a\", \"m.c\"]" : "m.a:0\nm.c:0\n");
    assert_fails (run (SRC, test_folder), "no tensor 'm.c'");
    write_batch ("x9.safetensors", ACT_DTYPE_F16, f16, i ? "modules" : "labels",
        i ? "[\"m.a\"]" : "m.a:0\n");
    assert_fails (run (SRC, test_folder), "more tensors");
    write_batch ("x9.safetensors", ACT_DTYPE_I16, f16, "modules",
        i ? "[\"m.a\", \"m.b\"]" : "{}");
    assert_fails (run (SRC, test_folder), i ? "has I16" : "no JSON list");
    test_folder_remove ();
    g_clear_pointer (&out, g_free);
  }
}
GST_END_TEST;

/* tokens alone, and after a filter and a cluster element */
GST_START_TEST (test_any_point)
{
  g_autofree char *in = golden ("dead_components");
  g_autofree char *expected = g_build_filename (in, "expected", NULL);
  g_autofree char *out = NULL, *tokens = NULL, *st = NULL;

  test_folder_make ();
  out = test_path ("out");
  st = test_path ("st");
  tokens = test_path ("tokens");
  assert_runs (run ("acttokensrc location=%s/tokens.npy vocabulary=%s/"
                    "vocab.json batch-size=4 ! actdumpsink location=%s",
      in, in, tokens));
  assert_same_file (in, tokens, "vocab.json");
  assert_fails (run (SRC, tokens), "no labels.txt");
  assert_runs (run ("actdumpsrc location=%s ! actdeadfilter threshold=0.01 ! "
                    "actclustermax clusters=%s/clusters.json ! actdumpsink "
                    "location=%s",
      in, in, out));
  for (guint i = 0; i < 4; i++) {
    g_autofree char *name = g_strdup_printf ("cluster_activations_00%u.npy", i);

    assert_same_values (expected, out, name);
  }
  assert_runs (run ("actdumpsrc location=%s ! actdeadfilter threshold=0.01 ! "
                    "actclustermax clusters=%s/clusters.json ! actdumpsink "
                    "location=%s format=safetensors",
      in, out, st));
  assert_runs (run (SRC, st));
  test_folder_remove ();
}
GST_END_TEST;

/* nothing but what was there before */
static void
assert_nothing_left (guint n_before)
{
  fail_unless_equals_int (test_count_entries (test_folder), n_before);
}

GST_START_TEST (test_incomplete)
{
  g_autofree char *in = golden ("basic");
  g_autofree char *out = NULL;

  test_folder_make ();
  out = test_path ("out");
  assert_fails (run ("actdumpsrc location=%s num-buffers=2 ! actdumpsink "
                     "location=%s",
                    in, out),
      "8 samples");
  assert_nothing_left (0);
  assert_fails (run ("actdumpsrc location=%s ! identity drop-probability=1 ! "
                     "actdumpsink location=%s",
                    in, out),
      "0 samples came, expected 12");
  assert_nothing_left (0);
  assert_fails (run ("actdumpsrc location=%s ! identity error-after=2 ! "
                     "actdumpsink location=%s",
                    in, out),
      "");
  assert_nothing_left (0);
  test_folder_remove ();
}
GST_END_TEST;

GST_START_TEST (test_bad_targets)
{
  g_autofree char *in = golden ("basic");
  g_autofree char *out = NULL;

  test_folder_make ();
  out = test_path ("out");
  assert_fails (run ("actdumpsrc location=%s ! actdumpsink", in),
      "'location' is not set");
  assert_fails (
      run ("actdumpsrc location=%s ! actdumpsink location=/proc/out", in),
      "/proc");
  assert_runs (
      run ("actdumpsrc location=%s ! actdumpsink location=%s", in, out));
  assert_fails (run ("actdumpsrc location=%s ! actdumpsink location=%s "
                     "format=safetensors",
                    in, out),
      "exists already");
  assert_same_dump (in, out);
  /* the old one stays when the new run fails */
  assert_fails (run ("actdumpsrc location=%s num-buffers=1 ! actdumpsink "
                     "location=%s overwrite=true format=safetensors",
                    in, out),
      "4 samples");
  assert_same_dump (in, out);
  assert_nothing_left (1);
  assert_runs (run ("actdumpsrc location=%s ! actdumpsink location=%s "
                    "overwrite=true format=safetensors",
      in, out));
  assert_nothing_left (1);
  fail_unless_equals_int (test_count_entries (out), 6);
  test_folder_remove ();
}
GST_END_TEST;

GST_START_TEST (test_full_disk)
{
  static const char *const formats[] = { "npy", "safetensors" };
  g_autofree char *in = golden ("batch_128");
  g_autofree char *out = NULL;

  test_folder_make ();
  out = test_path ("out");
  for (guint i = 0; i < 2; i++) {
    pid_t pid = fork ();
    int status;

    if (pid == 0) {
      const struct rlimit limit = { 50000, 50000 };
      char *error;

      signal (SIGXFSZ, SIG_IGN);
      setrlimit (RLIMIT_FSIZE, &limit);
      error = run ("actdumpsrc location=%s ! actdumpsink location=%s format=%s",
          in, out, formats[i]);
      _exit (error && strstr (error, "File too large") ? 0 : 1);
    }
    waitpid (pid, &status, 0);
    fail_unless_equals_int (status, 0);
    assert_nothing_left (0);
  }
  test_folder_remove ();
}
GST_END_TEST;

/* one pipeline twice, and stopped in the middle */
GST_START_TEST (test_reuse)
{
  g_autofree char *in = golden ("basic");
  g_autofree char *out = NULL, *description = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstBus) bus = NULL;

  test_folder_make ();
  out = test_path ("out");
  description = g_strdup_printf ("actdumpsrc location=%s ! actdumpsink "
                                 "location=%s overwrite=true",
      in, out);
  pipeline = gst_parse_launch (description, NULL);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  gst_element_get_state (pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  assert_nothing_left (0);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstMessage) message = NULL;

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    message = gst_bus_timed_pop_filtered (
        bus, 60 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
    fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    assert_same_dump (in, out);
    assert_nothing_left (1);
  }
  test_folder_remove ();
}
GST_END_TEST;

/* the reason alone; base classes would add that something failed */
GST_START_TEST (test_one_message)
{
  static const char *const lines[] = { "acttextsrc ! fakesink",
    "acttokensrc ! fakesink", "actdumpsrc ! fakesink",
    "acttextsrc location=/no/such ! fakesink", "fakesrc ! actdumpsink" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GstElement) pipeline = gst_parse_launch (lines[i], NULL);
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    guint n = 0;

    for (guint again = 1; again <= 2; again++) {
      GstMessage *message;

      fail_unless (gst_element_set_state (pipeline, GST_STATE_PAUSED)
          == GST_STATE_CHANGE_FAILURE);
      while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
        gst_message_unref (message);
        n++;
      }
      fail_unless_equals_int (n, again);
      gst_element_set_state (pipeline, GST_STATE_NULL);
    }
  }
}
GST_END_TEST;

static Suite *
actdump_suite (void)
{
  Suite *suite = suite_create ("actdump");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc, test_round_trip, 0, G_N_ELEMENTS (cases));
  tcase_add_test (tc, test_values);
  tcase_add_test (tc, test_missing_columns);
  tcase_add_test (tc, test_auto_layout);
  tcase_add_test (tc, test_bad_folders);
  tcase_add_test (tc, test_safetensors);
  tcase_add_test (tc, test_any_point);
  tcase_add_test (tc, test_incomplete);
  tcase_add_test (tc, test_bad_targets);
  tcase_add_test (tc, test_full_disk);
  tcase_add_test (tc, test_reuse);
  tcase_add_test (tc, test_one_message);
  return suite;
}

GST_CHECK_MAIN (actdump);
