/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes out of a store is what went in: batches, caps, events; and how it
 * is cut, sought in and refused. */
#include "collect.h"

#include "../core/testfile.h"
#include "store/manifest.h"

#define CASE "negative_and_zero"
#define N_BATCHES 4
#define N_SAMPLES 18

static char *
source_line (const char *more, const char *behind)
{
  const char *data = g_getenv ("ACT_TEST_DATA");

  return g_strdup_printf (
      "actdumpsrc location=%s/golden/" CASE " vocabulary=%s/golden/" CASE
      "/vocab.json %s ! actdeadfilter threshold=0.01 layout=csr ! "
      "actclustermax name=max clusters=%s/golden/" CASE "/clusters.json run=r "
      "iteration=-2 ! %s",
      data, data, more, data, behind);
}

/* Other values under the name of a reduction that is known: the store cannot
 * derive them. In the batches that data is a mask of. */
static GstPadProbeReturn
double_clusters (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer =
      gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  GstMapInfo map;

  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  if (!(GPOINTER_TO_UINT (data) >> meta->batch_index & 1))
    return GST_PAD_PROBE_OK;
  gst_memory_map (gst_buffer_peek_memory (
                      buffer, meta->block[GST_ACT_BLOCK_CLUSTER_VALUES]),
      &map, GST_MAP_READWRITE);
  for (guint64 i = 0; i < meta->n_cluster_values; i++)
    ((gfloat *) map.data)[i] *= 2;
  gst_memory_unmap (map.memory, &map);
  return GST_PAD_PROBE_OK;
}

/* doubled: a mask of batches */
static Collected *
run_doubled (const char *line, guint doubled)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  g_autoptr (GstElement) clusters = NULL;
  g_autoptr (GstPad) pad = NULL;

  g_assert_no_error (error);
  gst_object_ref_sink (pipeline);
  clusters = gst_bin_get_by_name (GST_BIN (pipeline), "max");
  pad = gst_element_get_static_pad (clusters, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, double_clusters,
      GUINT_TO_POINTER (doubled), NULL);
  return collect_pipeline (pipeline, NULL);
}

/* -> what went in */
static Collected *
store (const char *name, const char *more, guint doubled)
{
  g_autofree char *path = test_path (name);
  g_autofree char *behind =
      g_strdup_printf ("actstore name=sink location=%s segment-size=3", path);
  g_autofree char *line = source_line (more, behind);
  Collected *c = run_doubled (line, doubled);

  fail_unless (c->error == NULL, "%s", c->error);
  return c;
}

/* names: of stores in the test's folder, with commas between */
static char *
reader_line (const char *names, const char *behind)
{
  g_auto (GStrv) all = g_strsplit (names, ",", -1);
  g_autofree char *joined = NULL;

  for (guint i = 0; all[i] != NULL; i++) {
    char *path = test_path (all[i]);

    g_free (all[i]);
    all[i] = path;
  }
  joined = g_strjoinv (",", all);
  return g_strdup_printf (
      "actstoresrc name=src location=\"%s\" ! %s", joined, behind);
}

static Collected *
read_back (const char *names, const char *behind)
{
  g_autofree char *line = reader_line (names, behind);

  return collect (line, NULL);
}

static GstElement *
reader (const char *names, const char *behind)
{
  g_autofree char *line = reader_line (names, behind);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline =
      gst_parse_launch_full (line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);

  g_assert_no_error (error);
  return gst_object_ref_sink (pipeline);
}

static gboolean
is_stored (const char *name)
{
  g_autofree char *path = test_path (name);
  g_autoptr (ActManifest) manifest = act_manifest_read (path, NULL);

  fail_unless (manifest != NULL && manifest->complete);
  return manifest->clusters_stored;
}

static void
setup (void)
{
  test_folder_make ();
}

static void
teardown (void)
{
  test_folder_remove ();
}

/* --- comparing --- */

/* both in CSR */
static void
assert_same_rows (gsize n_rows, const gint64 *indptr, const gint32 *indices,
    const gfloat *values, gsize n, const gint64 *expected_indptr,
    const gint32 *expected_indices, const gfloat *expected_values,
    gsize expected_n)
{
  fail_unless_equals_uint64 (n, expected_n);
  g_assert_cmpmem (indptr, (n_rows + 1) * sizeof *indptr, expected_indptr,
      (n_rows + 1) * sizeof *indptr);
  g_assert_cmpmem (
      indices, n * sizeof *indices, expected_indices, n * sizeof *indices);
  g_assert_cmpmem (
      values, n * sizeof *values, expected_values, n * sizeof *values);
}

static void
assert_same_batch (GstBuffer *a, const GstActInfo *a_info, GstBuffer *b,
    const GstActInfo *b_info, gboolean with_clusters)
{
  const GstActBatchMeta *x = gst_act_batch_meta_get (a);
  const GstActBatchMeta *y = gst_act_batch_meta_get (b);
  const GstActMapFlags flags = GST_ACT_MAP_TOKENS | GST_ACT_MAP_COMPONENTS
      | (with_clusters ? GST_ACT_MAP_CLUSTERS : 0);
  GstActBatch p, q;
  GError *error = NULL;

  fail_unless_equals_uint64 (x->batch_index, y->batch_index);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (a), GST_BUFFER_OFFSET (b));
  fail_unless_equals_uint64 (
      GST_BUFFER_OFFSET_END (a), GST_BUFFER_OFFSET_END (b));
  fail_unless (x->alive == y->alive
      || (x->alive != NULL && y->alive != NULL
          && g_bytes_equal (x->alive, y->alive)));
  gst_act_batch_map (&p, a, a_info, flags, &error);
  g_assert_no_error (error);
  gst_act_batch_map (&q, b, b_info, flags, &error);
  g_assert_no_error (error);
  fail_unless_equals_uint64 (p.n_positions, q.n_positions);
  g_assert_cmpmem (p.tokens, p.n_positions * sizeof *p.tokens, q.tokens,
      q.n_positions * sizeof *q.tokens);
  assert_same_rows (p.n_positions, p.component_indptr, p.component_indices,
      p.component_values, p.n_component_values, q.component_indptr,
      q.component_indices, q.component_values, q.n_component_values);
  if (with_clusters)
    assert_same_rows (p.n_positions, p.cluster_indptr, p.cluster_indices,
        p.cluster_values, p.n_cluster_values, q.cluster_indptr,
        q.cluster_indices, q.cluster_values, q.n_cluster_values);
  gst_act_batch_unmap (&p);
  gst_act_batch_unmap (&q);
}

/* from the first-th on, all that c has */
static void
assert_same (const Collected *c, const Collected *expected, guint first,
    gboolean clusters)
{
  g_autoptr (GstActInfo) info = NULL, expected_info = NULL;

  fail_unless (c->error == NULL, "%s", c->error);
  info = gst_act_info_new_from_caps (c->caps, NULL);
  expected_info = gst_act_info_new_from_caps (expected->caps, NULL);
  fail_unless (c->buffers->len > 0);
  for (guint i = 0; i < c->buffers->len; i++)
    assert_same_batch (c->buffers->pdata[i], info,
        expected->buffers->pdata[first + i], expected_info, clusters);
}

static void
assert_whole (const Collected *c, const Collected *expected, gboolean clusters)
{
  fail_unless_equals_int (c->buffers->len, N_BATCHES);
  assert_same (c, expected, 0, clusters);
  fail_unless (c->has_vocabulary);
  fail_unless (c->segment_format_is_default);
  fail_unless_equals_int64 (c->complete, N_SAMPLES);
  fail_unless_equals_int (c->buffers_before, N_BATCHES - 1);
  fail_unless_equals_int (c->shard_index, 0);
  fail_unless_equals_int (c->shard_count, 1);
  fail_unless_equals_uint64 (c->run_batches, N_BATCHES);
  fail_unless_equals_uint64 (c->run_samples, N_SAMPLES);
  fail_unless_equals_uint64 (c->samples_done, N_SAMPLES);
  fail_unless_equals_uint64 (c->samples_total, N_SAMPLES);
}

static void
pause_pipeline (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (
      gst_element_get_state (pipeline, NULL, NULL, 60 * GST_SECOND),
      GST_STATE_CHANGE_SUCCESS);
}

/* --- tests --- */

/* whatever fits, clusters first; the same fields as before storing */
GST_START_TEST (test_caps)
{
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autoptr (Collected) any = read_back ("s", "fakesink name=sink");
  g_autoptr (Collected) components =
      read_back ("s", GST_ACT_MEDIA_TYPE_COMPONENTS " ! fakesink name=sink");
  g_autoptr (GstCaps) renamed = NULL;

  fail_if (is_stored ("s"));
  assert_whole (any, in, TRUE);
  fail_unless (gst_caps_is_equal (any->caps, in->caps));
  assert_whole (components, in, FALSE);
  fail_unless (
      gst_structure_has_name (gst_caps_get_structure (components->caps, 0),
          GST_ACT_MEDIA_TYPE_COMPONENTS));
  fail_if (gst_structure_has_field (
      gst_caps_get_structure (components->caps, 0), "clusters"));
}
GST_END_TEST;

/* the event has the clusters' names too */
GST_START_TEST (test_assignment)
{
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autoptr (GstElement) pipeline = reader ("s", "fakesink name=sink");
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  g_autoptr (GstActAssignment) assignment = NULL;
  GstEvent *event;

  pause_pipeline (pipeline);
  for (guint i = 0; assignment == NULL
       && (event = gst_pad_get_sticky_event (
               pad, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, i))
           != NULL;
       i++) {
    gst_act_event_parse_assignment (event, &assignment);
    gst_event_unref (event);
  }
  fail_unless (assignment != NULL);
  fail_unless_equals_string (gst_act_assignment_get_run (assignment), "r");
  fail_unless_equals_int (gst_act_assignment_get_iteration (assignment), -2);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}
GST_END_TEST;

/* Clusters that do not follow from the components are in the segments: they
 * come back, go on after a stop, and go through a merge. */
GST_START_TEST (test_stored_clusters)
{
  g_autoptr (Collected) in = store ("s", "", 0xf);
  g_autoptr (Collected) again = NULL, shard = NULL, out = NULL, merged = NULL;
  g_autofree char *path = test_path ("merged");
  g_autofree char *behind =
      g_strdup_printf ("actstore name=sink location=%s", path);

  fail_unless (is_stored ("s"));
  fail_unless_equals_int (in->buffers->len, N_BATCHES);
  again = store ("s", "", 0xf);
  fail_unless_equals_int (again->buffers->len, 0);
  out = read_back ("s", "fakesink name=sink");
  assert_whole (out, in, TRUE);
  for (guint k = 0; k < 3; k++) {
    static const char *const names[] = { "a", "b", "c" };
    g_autofree char *more = g_strdup_printf ("shard-index=%u shard-count=3", k);
    g_autoptr (Collected) part = store (names[k], more, 0xf);

    fail_unless (is_stored (names[k]));
  }
  merged = read_back ("c,a,b", behind);
  assert_whole (merged, in, TRUE);
  fail_unless (is_stored ("merged"));
  shard = read_back ("merged", "fakesink name=sink");
  assert_whole (shard, in, TRUE);
}
GST_END_TEST;

/* at the third batch somebody else takes over */
static GstPadProbeReturn
lose_lease (GstPad *pad, GstPadProbeInfo *info, gpointer lease)
{
  if (gst_act_batch_meta_get (GST_PAD_PROBE_INFO_BUFFER (info))->batch_index
      == 2)
    fail_unless_equals_int (g_unlink (lease), 0);
  return GST_PAD_PROBE_OK;
}

/* -> the error */
static char *
store_with_lease (const char *name, const char *lease, gboolean lose)
{
  g_autofree char *path = test_path (name);
  g_autofree char *behind = g_strdup_printf (
      "actstore name=sink location=%s segment-size=1 lease=%s", path, lease);
  g_autofree char *line = source_line ("", behind);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) clusters = NULL;
  g_autoptr (GstPad) pad = NULL;
  g_autoptr (Collected) c = NULL;

  gst_object_ref_sink (pipeline);
  clusters = gst_bin_get_by_name (GST_BIN (pipeline), "max");
  pad = gst_element_get_static_pad (clusters, "src");
  if (lose)
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, lose_lease, (gpointer) lease, NULL);
  c = collect_pipeline (pipeline, NULL);
  return g_steal_pointer (&c->error);
}

static gboolean
is_complete (const char *name)
{
  g_autofree char *path = test_path (name);
  g_autoptr (ActManifest) manifest = act_manifest_read (path, NULL);

  return manifest != NULL && manifest->complete;
}

/* what is published is so with the lease alone: from when it is lost on the
 * folder stays as it is */
GST_START_TEST (test_lease)
{
  g_autofree char *lease = test_path ("s.lock.1"),
                  *next = test_path ("s.lock.2");
  g_autofree char *path = test_path ("lost");
  g_autofree char *fine = NULL, *lost = NULL, *none = NULL, *late = NULL;
  g_autoptr (ActManifest) manifest = NULL;

  fail_unless (g_file_set_contents (lease, "x", 1, NULL));
  fine = store_with_lease ("s", lease, FALSE);
  fail_unless (fine == NULL, "%s", fine);
  fail_unless (is_complete ("s"));

  lost = store_with_lease ("lost", lease, TRUE);
  fail_unless (lost != NULL && strstr (lost, "is gone") != NULL, "%s", lost);
  manifest = act_manifest_read (path, NULL);
  fail_unless (manifest != NULL && !manifest->complete);
  fail_unless (manifest->segments->len < 3);

  none = store_with_lease ("none", lease, FALSE);
  fail_unless (none != NULL && strstr (none, "is gone") != NULL);
  fail_unless (!is_complete ("none"));

  fail_unless (g_file_set_contents (lease, "x", 1, NULL));
  fail_unless (g_file_set_contents (next, "y", 1, NULL));
  late = store_with_lease ("late", lease, FALSE);
  fail_unless (late != NULL && strstr (late, "somebody else") != NULL);
  fail_unless (!is_complete ("late"));
}
GST_END_TEST;

/* what is left to store looks as if it were derived, what is there does not */
GST_START_TEST (test_stored_clusters_go_on)
{
  g_autoptr (Collected) in = store ("s", "", 0x3);
  g_autofree char *path = test_path ("s");
  g_autoptr (ActManifest) manifest = act_manifest_read (path, NULL);
  g_autoptr (Collected) again = NULL, out = NULL;

  fail_unless (is_stored ("s"));
  fail_unless_equals_int (manifest->segments->len, 2);
  g_array_set_size (manifest->segments, 1);
  manifest->complete = FALSE;
  fail_unless (act_manifest_write (manifest, path, NULL));
  again = store ("s", "", 0x3);
  fail_unless_equals_int (again->buffers->len, 1);
  out = read_back ("s", "fakesink name=sink");
  assert_whole (out, in, TRUE);
}
GST_END_TEST;

/* in any order; a run of its own each time that it is read */
GST_START_TEST (test_shards)
{
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autoptr (Collected) a = store ("a", "shard-index=0 shard-count=3", 0);
  g_autoptr (Collected) b = store ("b", "shard-index=1 shard-count=3", 0);
  g_autoptr (Collected) c = store ("c", "shard-index=2 shard-count=3", 0);
  g_autoptr (GstElement) pipeline = reader ("b,c,a", "fakesink name=sink");

  fail_unless_equals_int (
      a->buffers->len + b->buffers->len + c->buffers->len, N_BATCHES);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (Collected) out = NULL;

    pause_pipeline (pipeline);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    out = collect_pipeline (pipeline, NULL);
    assert_whole (out, in, TRUE);
  }
}
GST_END_TEST;

/* what the sink in pipeline holds while it is paused */
static void
assert_prerolled (GstElement *pipeline, const Collected *expected, guint batch)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstSample) sample = NULL;
  g_autoptr (GstActInfo) info = NULL, expected_info = NULL;

  g_object_get (sink, "last-sample", &sample, NULL);
  fail_unless (sample != NULL);
  info = gst_act_info_new_from_caps (gst_sample_get_caps (sample), NULL);
  expected_info = gst_act_info_new_from_caps (expected->caps, NULL);
  assert_same_batch (gst_sample_get_buffer (sample), info,
      expected->buffers->pdata[batch], expected_info, TRUE);
}

/* batches of 5 samples: a seek begins with the one that holds the sample */
GST_START_TEST (test_seek)
{
  static const struct {
    gint64 sample;
    guint batch, n_samples;
  } seeks[] = { { 0, 0, 18 }, { 4, 0, 14 }, { 5, 1, 13 }, { 11, 2, 7 } };
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autoptr (GstElement) pipeline = reader ("s", "fakesink name=sink");
  gint64 position, duration;

  for (guint i = 0; i < G_N_ELEMENTS (seeks); i++) {
    g_autoptr (Collected) c = NULL;

    pause_pipeline (pipeline);
    assert_prerolled (pipeline, in, 0);
    fail_unless (gst_element_seek (pipeline, 1.0, GST_FORMAT_DEFAULT,
        GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, seeks[i].sample,
        GST_SEEK_TYPE_NONE, 0));
    pause_pipeline (pipeline);
    assert_prerolled (pipeline, in, seeks[i].batch);
    fail_unless (
        gst_element_query_duration (pipeline, GST_FORMAT_DEFAULT, &duration));
    fail_unless_equals_int64 (duration, N_SAMPLES);
    fail_unless (
        gst_element_query_position (pipeline, GST_FORMAT_DEFAULT, &position));
    fail_unless (position >= seeks[i].sample && position <= N_SAMPLES);
    /* what comes behind the one that has come */
    c = collect_pipeline (pipeline, NULL);
    gst_caps_replace (&c->caps, in->caps); /* they came before */
    fail_unless_equals_int (c->buffers->len, N_BATCHES - seeks[i].batch - 1);
    assert_same (c, in, seeks[i].batch + 1, TRUE);
    fail_unless_equals_int64 (c->complete, seeks[i].n_samples);
  }
}
GST_END_TEST;

/* both branches get all of it, though one of them stores */
GST_START_TEST (test_tee)
{
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autofree char *path = test_path ("copy");
  g_autofree char *behind =
      g_strdup_printf ("tee name=t ! queue ! fakesink name=sink t. ! queue ! "
                       "actstore location=%s",
          path);
  g_autoptr (Collected) out = read_back ("s", behind);
  g_autoptr (Collected) copy = read_back ("copy", "fakesink name=sink");

  /* progress is also the store's */
  fail_unless_equals_int (out->buffers->len, N_BATCHES);
  assert_same (out, in, 0, TRUE);
  fail_unless_equals_int64 (out->complete, N_SAMPLES);
  assert_whole (copy, in, TRUE);
}
GST_END_TEST;

static void
refused (const char *names, const char *what)
{
  g_autoptr (Collected) c = read_back (names, "fakesink name=sink");

  fail_unless (c->error != NULL && strstr (c->error, what) != NULL,
      "\"%s\" lacks \"%s\"", c->error, what);
  fail_unless_equals_int (c->n_errors, 1);
  fail_if (c->eos);
  fail_unless_equals_int64 (c->complete, -1);
}

GST_START_TEST (test_no_store)
{
  g_autoptr (Collected) unset =
      collect ("actstoresrc ! fakesink name=sink", NULL);
  g_autofree char *empty = test_path ("empty");

  fail_unless (strstr (unset->error, "'location' is not set") != NULL);
  refused ("none", "none");
  fail_unless_equals_int (g_mkdir (empty, 0777), 0);
  refused ("empty", "manifest.json");
}
GST_END_TEST;

GST_START_TEST (test_parts)
{
  g_autoptr (Collected) a = store ("a", "shard-index=0 shard-count=4", 0);
  g_autoptr (Collected) c = store ("c", "shard-index=2 shard-count=4", 0);
  g_autoptr (Collected) b = store ("b", "shard-index=1 shard-count=2", 0);

  refused ("a,c", "no store has batches 1, 3");
  refused ("c,b,a", "no store has batches 1; two stores have batches 2");
}
GST_END_TEST;

/* one file of a good store is replaced; what the error names, and says */
GST_START_TEST (test_bad_files)
{
  static const struct {
    const char *file, *content, *what;
  } changes[] = {
    { "manifest.json", "garbage", "manifest.json" },
    { "clusters.json", "{\"0\": [\"h.0.attn.q_proj:0\"]}",
        "has not the clusters of the store's manifest" },
    { "clusters.json", "{\"0\": [\"no:0\"]}", "clusters.json" },
    { "vocabulary.json", "[", "vocabulary.json" },
    { "segment-000000.safetensors", "", "segment-000000.safetensors" },
    { "segment-000003.safetensors", "????????", "segment-000003.safetensors" },
  };
  g_autoptr (Collected) in = store ("s", "", 0);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *folder = test_path ("s");
    g_autofree char *path = g_build_filename (folder, changes[i].file, NULL);
    g_autofree char *good = NULL;
    g_autoptr (Collected) out = NULL;
    gsize size;

    fail_unless (g_file_get_contents (path, &good, &size, NULL));
    fail_unless (g_file_set_contents (path, changes[i].content, -1, NULL));
    refused ("s", changes[i].what);
    fail_unless (g_file_set_contents (path, good, (gssize) size, NULL));
    out = read_back ("s", "fakesink name=sink");
    assert_whole (out, in, TRUE);
  }
}
GST_END_TEST;

/* without clusters.json there is nothing to derive clusters with */
GST_START_TEST (test_lost_clusters)
{
  g_autoptr (Collected) in = store ("s", "", 0);
  g_autofree char *folder = test_path ("s");
  g_autofree char *path = g_build_filename (folder, "clusters.json", NULL);

  fail_unless_equals_int (g_unlink (path), 0);
  refused ("s", "neither cluster activations nor what they are made by");
}
GST_END_TEST;

static Suite *
actstoresrc_suite (void)
{
  Suite *suite = suite_create ("actstoresrc");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_caps);
  tcase_add_test (tc, test_assignment);
  tcase_add_test (tc, test_stored_clusters);
  tcase_add_test (tc, test_stored_clusters_go_on);
  tcase_add_test (tc, test_shards);
  tcase_add_test (tc, test_seek);
  tcase_add_test (tc, test_tee);
  tcase_add_test (tc, test_no_store);
  tcase_add_test (tc, test_parts);
  tcase_add_test (tc, test_lease);
  tcase_add_test (tc, test_bad_files);
  tcase_add_test (tc, test_lost_clusters);
  return suite;
}

GST_CHECK_MAIN (actstoresrc);
