/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>
#include <string.h>

#include "../core/golden.h"
#include "../core/testfile.h"

/* --- a rig: a pad of the test pushes golden batches into a pipeline --- */

#define FIRST_SAMPLE 500

typedef struct {
  GstElement *pipeline;
  GstBus *bus;
  GstPad *src;
  GstActLayout layout;
  GoldenCase *golden;
  GstActInfo *info;
  gint n_alive_buffers; /* given and not freed; atomic */
} Rig;

static GstCaps *
rig_caps (Rig *rig, GstActLayout layout, guint n_ctx)
{
  const gchar *modules[] = { "h.0.mlp.c_fc" };
  GstCaps *caps = gst_act_caps_new_tokens (128, n_ctx, 4096);

  gst_act_caps_set_modules (caps, 1, modules, &rig->golden->n_components);
  gst_structure_set_name (
      gst_caps_get_structure (caps, 0), GST_ACT_MEDIA_TYPE_CLUSTERS);
  gst_caps_set_simple (caps, "format", G_TYPE_STRING, "F32LE", "layout",
      G_TYPE_STRING, gst_act_layout_to_string (layout), "clusters", G_TYPE_INT,
      (gint) rig->golden->n_clusters, "assignment", G_TYPE_STRING, "abc",
      "reduction", G_TYPE_STRING, "max", NULL);
  return caps;
}

static gboolean
answer_duration (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstFormat format;

  if (GST_QUERY_TYPE (query) == GST_QUERY_DURATION) {
    gst_query_parse_duration (query, &format, NULL);
    if (format == GST_FORMAT_DEFAULT) {
      gst_query_set_duration (query, format, 777);
      return TRUE;
    }
  }
  return gst_pad_query_default (pad, parent, query);
}

/* description: elements, the first named "in" */
static Rig *
rig_new (const gchar *description, const gchar *name)
{
  Rig *rig = g_new0 (Rig, 1);
  g_autoptr (GstElement) in = NULL;
  g_autoptr (GstPad) sink = NULL;
  GError *error = NULL;

  rig->golden = golden_case_new (name);
  rig->pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  if (!GST_IS_PIPELINE (rig->pipeline)) {
    GstElement *pipeline = gst_pipeline_new (NULL);
    gst_bin_add (GST_BIN (pipeline), rig->pipeline);
    rig->pipeline = pipeline;
  }
  rig->bus = gst_element_get_bus (rig->pipeline);
  in = gst_bin_get_by_name (GST_BIN (rig->pipeline), "in");
  sink = gst_element_get_static_pad (in, "sink");
  rig->src = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_set_query_function (rig->src, answer_duration);
  gst_pad_set_active (rig->src, TRUE);
  fail_unless_equals_int (
      gst_pad_link_full (rig->src, sink, GST_PAD_LINK_CHECK_NOTHING),
      GST_PAD_LINK_OK);
  return rig;
}

static void
rig_set_state (Rig *rig, GstState state)
{
  fail_if (
      gst_element_set_state (rig->pipeline, state) == GST_STATE_CHANGE_FAILURE);
}

static void
rig_free (Rig *rig)
{
  rig_set_state (rig, GST_STATE_NULL);
  gst_bus_set_flushing (rig->bus, TRUE);
  gst_object_unref (rig->bus);
  gst_pad_set_active (rig->src, FALSE);
  gst_object_unref (rig->pipeline);
  gst_object_unref (rig->src);
  fail_unless_equals_int (g_atomic_int_get (&rig->n_alive_buffers), 0);
  g_clear_pointer (&rig->info, gst_act_info_unref);
  golden_case_free (rig->golden);
  g_free (rig);
}

static void
buffer_freed (gpointer data, GstMiniObject *object)
{
  g_atomic_int_add (&((Rig *) data)->n_alive_buffers, -1);
}

static void
set_block (GstBuffer *buffer, GstActBlock block, gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);
  GError *error = NULL;

  memcpy (to, data, size);
  gst_act_buffer_set_block (buffer, block, memory, &error);
  g_assert_no_error (error);
}

/* -> number of values */
static guint64
set_csr (GstBuffer *buffer, GstActBlock first, const GoldenArray *array)
{
  gsize n_all = array->n_rows * array->n_cols, n = 0;
  g_autofree gint64 *indptr = g_new0 (gint64, array->n_rows + 1);
  g_autofree gint32 *indices = g_new (gint32, n_all);
  g_autofree gfloat *values = g_new (gfloat, n_all);

  for (gsize i = 0; i < n_all; i++) {
    gfloat value = ((gfloat *) array->data)[i];
    if (value != 0) {
      indices[n] = i % array->n_cols;
      values[n++] = value;
    }
    indptr[i / array->n_cols + 1] = n;
  }
  set_block (buffer, first, indptr, (array->n_rows + 1) * sizeof *indptr);
  set_block (buffer, first + 1, indices, n * sizeof *indices);
  set_block (buffer, first + 2, values, n * sizeof *values);
  return n;
}

static GstBuffer *
rig_buffer (Rig *rig, guint b)
{
  GoldenCase *golden = rig->golden;
  GstBuffer *buffer = gst_buffer_new ();
  g_autoptr (GBytes) alive =
      g_bytes_new (golden->alive[b], golden->n_components);
  GstActBatchMeta *meta;
  guint64 first = FIRST_SAMPLE;

  for (guint i = 0; i < b; i++)
    first += golden->batch_sizes[i];
  meta = gst_act_batch_meta_add (
      buffer, b, first, golden->batch_sizes[b], golden->n_ctx);
  gst_act_batch_meta_set_alive (meta, alive);
  set_block (buffer, GST_ACT_BLOCK_TOKENS, golden->tokens[b],
      (gsize) golden->batch_sizes[b] * golden->n_ctx * sizeof (gint32));
  if (rig->layout == GST_ACT_LAYOUT_CSR)
    meta->n_component_values = set_csr (
        buffer, GST_ACT_BLOCK_COMPONENT_INDPTR, &golden->components[b]);
  else
    set_block (buffer, GST_ACT_BLOCK_COMPONENT_VALUES,
        golden->components[b].data,
        golden->components[b].n_rows * golden->n_components * sizeof (gfloat));
  meta->n_cluster_values =
      set_csr (buffer, GST_ACT_BLOCK_CLUSTER_INDPTR, &golden->clusters[b]);
  g_atomic_int_inc (&rig->n_alive_buffers);
  gst_mini_object_weak_ref (GST_MINI_OBJECT (buffer), buffer_freed, rig);
  return buffer;
}

static void
push_event (Rig *rig, GstEvent *event)
{
  gst_pad_push_event (rig->src, event);
}

static void
rig_start (Rig *rig)
{
  static const gchar *const strings[] = { "a", "b", "c" };
  g_autoptr (GstActVocabulary) vocabulary = gst_act_vocabulary_new (strings, 3);
  g_autoptr (GstActAssignment) assignment = NULL;
  g_autoptr (GstCaps) caps = rig_caps (rig, rig->layout, rig->golden->n_ctx);
  g_autofree gint64 *ids = g_new (gint64, rig->golden->n_clusters);
  GstSegment segment;
  GError *error = NULL;

  for (guint i = 0; i < rig->golden->n_clusters; i++)
    ids[i] = i;
  g_clear_pointer (&rig->info, gst_act_info_unref);
  rig->info = gst_act_info_new_from_caps (caps, &error);
  g_assert_no_error (error);
  assignment =
      gst_act_assignment_new (rig->info, "run", 1, rig->golden->n_clusters, ids,
          rig->golden->n_members, rig->golden->members, &error);
  g_assert_no_error (error);
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  push_event (rig, gst_event_new_stream_start ("golden"));
  push_event (rig, gst_event_new_caps (caps));
  push_event (rig, gst_event_new_segment (&segment));
  push_event (rig, gst_act_event_new_vocabulary (vocabulary));
  push_event (rig, gst_act_event_new_assignment (assignment));
}

static guint64
rig_total (Rig *rig)
{
  guint64 n = 0;

  for (guint b = 0; b < rig->golden->n_batches; b++)
    n += rig->golden->batch_sizes[b];
  return n;
}

/* batches [from, to), with act-complete before the last of the run */
static void
rig_push (Rig *rig, guint from, guint to)
{
  for (guint b = from; b < to; b++) {
    if (b + 1 == rig->golden->n_batches)
      push_event (rig, gst_act_event_new_complete (rig_total (rig)));
    fail_unless_equals_int (
        gst_pad_push (rig->src, rig_buffer (rig, b)), GST_FLOW_OK);
  }
}

static void
rig_run (Rig *rig)
{
  rig_start (rig);
  rig_push (rig, 0, rig->golden->n_batches);
  push_event (rig, gst_event_new_eos ());
}

/* for what may block: joined by the test */
static gpointer
rig_run_thread (gpointer data)
{
  Rig *rig = data;

  rig_start (rig);
  for (guint b = 0; b < rig->golden->n_batches; b++) {
    if (b + 1 == rig->golden->n_batches)
      push_event (rig, gst_act_event_new_complete (rig_total (rig)));
    if (gst_pad_push (rig->src, rig_buffer (rig, b)) != GST_FLOW_OK)
      return NULL;
  }
  push_event (rig, gst_event_new_eos ());
  return rig;
}

static void
wait_for (Rig *rig, GstMessageType type)
{
  GstMessage *message = gst_bus_timed_pop_filtered (
      rig->bus, 60 * GST_SECOND, type | GST_MESSAGE_ERROR);

  fail_unless (message != NULL);
  if (GST_MESSAGE_TYPE (message) != type) {
    GError *error = NULL;
    gst_message_parse_error (message, &error, NULL);
    fail ("%s", error->message);
  }
  gst_message_unref (message);
}

/* the text of the next message of that type */
static gchar *
wait_for_text (Rig *rig, GstMessageType type)
{
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (rig->bus, 60 * GST_SECOND, type);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  return g_strdup (error->message);
}

/* --- what a branch behind the store got --- */

typedef struct {
  GPtrArray *buffers;
  GString *events; /* their names, before the first buffer and after */
  guint64 n_complete;
  guint n_before_last; /* buffers that had come when act-complete did */
} Branch;

static void
branch_free (Branch *branch)
{
  g_ptr_array_unref (branch->buffers);
  g_string_free (branch->events, TRUE);
  g_free (branch);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Branch, branch_free)

static GstPadProbeReturn
branch_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Branch *branch = data;
  const GstStructure *s;
  GstEvent *event;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    g_ptr_array_add (
        branch->buffers, gst_buffer_ref (GST_PAD_PROBE_INFO_BUFFER (info)));
    return GST_PAD_PROBE_OK;
  }
  event = GST_PAD_PROBE_INFO_EVENT (info);
  s = gst_event_get_structure (event);
  if (gst_act_event_parse_complete (event, &branch->n_complete))
    branch->n_before_last = branch->buffers->len;
  g_string_append_printf (branch->events, "%s ",
      GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM
              || GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM_STICKY
          ? gst_structure_get_name (s)
          : GST_EVENT_TYPE_NAME (event));
  return GST_PAD_PROBE_OK;
}

/* on the sink pad of the element of that name */
static Branch *
branch_new (Rig *rig, const gchar *name)
{
  Branch *branch = g_new0 (Branch, 1);
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (rig->pipeline), name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");

  branch->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  branch->events = g_string_new (NULL);
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
          | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      branch_probe, branch, NULL);
  return branch;
}

/* Reads buffers of one column from *i on; its rows against the golden ones. */
static guint64
check_column (Rig *rig, Branch *branch, guint *i, JsonObject *expected,
    const GoldenArray *rows)
{
  guint64 n_rows = 0;
  gsize at = 0;
  gboolean last;

  if (expected != NULL)
    at =
        json_object_get_int_member (expected, "first_row") * rig->golden->n_ctx;
  do {
    GstBuffer *buffer = g_ptr_array_index (branch->buffers, (*i)++);
    GstActRecordMeta *meta = gst_act_record_meta_get (buffer);
    g_autofree gfloat *values = NULL;
    gsize n = 0;

    fail_unless_equals_uint64 (meta->first_row, n_rows);
    fail_unless_equals_int (
        (meta->flags & GST_ACT_RECORD_FIRST) != 0, n_rows == 0);
    if (meta->n_rows > 0)
      values = gst_act_record_dup_rows (buffer, rig->golden->n_ctx, &n);
    fail_unless_equals_uint64 (n, meta->n_rows * rig->golden->n_ctx);
    for (gsize k = 0; k < n; k++)
      fail_unless (values[k] == ((gfloat *) rows->data)[at + k]);
    at += n;
    n_rows += meta->n_rows;
    last = meta->flags & GST_ACT_RECORD_LAST;
    if (last)
      fail_unless_equals_uint64 (n_rows, meta->total_rows);
  } while (!last);
  fail_unless_equals_uint64 (n_rows,
      expected == NULL ? 0
                       : json_object_get_int_member (expected, "n_samples"));
  return n_rows;
}

static guint
check_samples (Rig *rig, Branch *branch)
{
  guint64 n = 0;
  guint i = 0;
  gboolean last;

  do {
    GstBuffer *buffer = g_ptr_array_index (branch->buffers, i++);
    GstActRecord record;
    GError *error = NULL;

    gst_act_record_map (
        &record, buffer, rig->golden->n_ctx, rig->golden->n_clusters, &error);
    g_assert_no_error (error);
    fail_unless_equals_int (record.meta->kind, GST_ACT_RECORD_SAMPLES);
    for (guint64 row = 0; row < record.meta->n_rows; row++)
      fail_unless_equals_uint64 (record.samples[row], FIRST_SAMPLE + n++);
    last = record.meta->flags & GST_ACT_RECORD_LAST;
    gst_act_record_unmap (&record);
  } while (!last);
  fail_unless_equals_uint64 (n, rig_total (rig));
  return i;
}

/* the coactivations of the buffer that ended a cluster; within: of its members,
 * NULL without component records */
static void
check_counts (Rig *rig, GstBuffer *buffer, guint c, JsonArray *within)
{
  GoldenArray all =
      golden_array_read (rig->golden, "expected/coactivation.npy");
  guint n = rig->golden->n_members[c];
  GstActRecord record;
  GError *error = NULL;

  gst_act_record_map (
      &record, buffer, rig->golden->n_ctx, rig->golden->n_clusters, &error);
  g_assert_no_error (error);
  fail_unless_equals_int (record.meta->cluster, c);
  for (guint d = 0; d < rig->golden->n_clusters; d++)
    fail_unless ((gfloat) record.coactivations[d]
        == ((gfloat *) all.data)[c * rig->golden->n_clusters + d]);
  fail_unless ((record.member_coactivations != NULL) == (within != NULL));
  for (guint i = 0; within != NULL && i < n; i++)
    for (guint j = 0; j < n; j++)
      fail_unless_equals_int64 (record.member_coactivations[i * n + j],
          json_array_get_int_element (
              json_array_get_array_element (within, i), j));
  gst_act_record_unmap (&record);
  g_free (all.data);
}

static JsonObject *
member_or_null (JsonObject *object, const char *name)
{
  return object != NULL && json_object_has_member (object, name)
      ? json_object_get_object_member (object, name)
      : NULL;
}

static void
check_branch (Rig *rig, Branch *branch, gboolean component_records)
{
  GoldenCase *golden = rig->golden;
  g_autoptr (JsonNode) clusters =
      golden_json_read (golden, "expected/storage_clusters.json");
  g_autoptr (JsonNode) parts =
      golden_json_read (golden, "expected/storage_components.json");
  g_autoptr (JsonNode) within =
      golden_json_read (golden, "expected/component_coactivations.json");
  GoldenArray rows =
      golden_array_read (golden, "expected/storage_clusters.npy");
  GoldenArray part_rows =
      golden_array_read (golden, "expected/storage_components.npy");
  guint i = check_samples (rig, branch), member = 0;

  for (guint c = 0; c < golden->n_clusters; c++) {
    const char *name = golden->names[c];

    check_column (rig, branch, &i,
        member_or_null (json_node_get_object (clusters), name), &rows);
    check_counts (rig, g_ptr_array_index (branch->buffers, i - 1), c,
        component_records ? json_object_get_array_member (
            json_object_get_object_member (json_node_get_object (within), name),
            "aligned_matrix")
                          : NULL);
    for (guint m = 0; m < golden->n_members[c]; m++, member++)
      if (component_records)
        check_column (rig, branch, &i,
            member_or_null (member_or_null (json_node_get_object (parts), name),
                golden->labels[golden->members[member]]),
            &part_rows);
  }
  fail_unless_equals_int (branch->buffers->len, i);
  fail_unless_equals_uint64 (branch->n_complete, rig_total (rig));
  fail_unless_equals_int (branch->n_before_last, i - 1);
  g_free (rows.data);
  g_free (part_rows.data);
}

/* --- what comes out --- */

/* What a sink sees, in order: before anything, per batch, with the records. */
GST_START_TEST (test_drain)
{
  const char *name = golden_cases ()[__i__ / 2];
  Rig *rig = rig_new ("actstore name=in max-record-size=1024 "
                      "component-records=true ! fakesink name=a",
      name);
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (GString) expected =
      g_string_new ("stream-start caps segment act-vocabulary act-assignment ");

  rig->layout = __i__ % 2 ? GST_ACT_LAYOUT_DENSE : GST_ACT_LAYOUT_CSR;
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, TRUE);
  for (guint b = 0; b < rig->golden->n_batches; b++)
    g_string_append (expected, "gap ");
  g_string_append (expected, "act-complete eos ");
  fail_unless_equals_string (a->events->str, expected->str);
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_record_caps)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (GstElement) a = gst_bin_get_by_name (GST_BIN (rig->pipeline), "a");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (a, "sink");
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstActInfo) info = NULL;
  GstStructure *s;

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  caps = gst_pad_get_current_caps (pad);
  s = gst_caps_get_structure (caps, 0);
  fail_unless (gst_structure_has_name (s, GST_ACT_MEDIA_TYPE_RECORDS));
  fail_if (gst_structure_has_field (s, "batch-size"));
  fail_if (gst_structure_has_field (s, "format"));
  fail_if (gst_structure_has_field (s, "layout"));
  info = gst_act_info_new_from_caps (caps, NULL);
  fail_unless (gst_act_info_same_shape (info, rig->info));
  fail_unless_equals_string (info->reduction, "max");
  rig_free (rig);
}
GST_END_TEST;

/* two branches, each without and with a queue; fakesinks preroll on gaps */
GST_START_TEST (test_two_branches)
{
  Rig *rig = rig_new ("actstore name=in  in. ! queue ! fakesink name=a  "
                      "in. ! queue ! fakesink name=b",
      "empty_clusters");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (Branch) b = branch_new (rig, "b");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  check_branch (rig, b, FALSE);
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_no_batches)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  push_event (rig, gst_act_event_new_complete (0));
  push_event (rig, gst_event_new_eos ());
  wait_for (rig, GST_MESSAGE_EOS);
  fail_unless_equals_int (a->buffers->len, 1 + rig->golden->n_clusters);
  for (guint i = 0; i < a->buffers->len; i++) {
    GstActRecordMeta *meta =
        gst_act_record_meta_get (g_ptr_array_index (a->buffers, i));
    fail_unless_equals_int (
        meta->flags, GST_ACT_RECORD_FIRST | GST_ACT_RECORD_LAST);
    fail_unless_equals_uint64 (meta->total_rows, 0);
  }
  fail_unless_equals_int (a->n_before_last, rig->golden->n_clusters);
  rig_free (rig);
}
GST_END_TEST;

/* nothing at all, not even caps */
GST_START_TEST (test_nothing)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autofree gchar *text = NULL;

  rig_set_state (rig, GST_STATE_PLAYING);
  push_event (rig, gst_event_new_stream_start ("empty"));
  push_event (rig, gst_act_event_new_complete (0));
  push_event (rig, gst_event_new_eos ());
  text = wait_for_text (rig, GST_MESSAGE_WARNING);
  fail_unless_equals_string (
      text, "The stream ended before it said what it carries.");
  wait_for (rig, GST_MESSAGE_EOS);
  fail_unless_equals_string (a->events->str, "stream-start eos ");
  rig_free (rig);
}
GST_END_TEST;

static void
silence (GoldenArray *array)
{
  memset (array->data, 0, array->n_rows * array->n_cols * sizeof (gfloat));
}

/* a batch without a value survives the copies that tee makes */
GST_START_TEST (test_all_silent_through_tee)
{
  Rig *rig = rig_new ("tee name=in  in. ! queue ! actstore ! fakesink name=a  "
                      "in. ! queue ! actstore ! fakesink name=b",
      "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (Branch) b = branch_new (rig, "b");
  Branch *branches[] = { a, b };

  for (guint i = 0; i < rig->golden->n_batches; i++) {
    silence (&rig->golden->components[i]);
    silence (&rig->golden->clusters[i]);
  }
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  for (guint k = 0; k < 2; k++) {
    fail_unless_equals_int (
        branches[k]->buffers->len, 1 + rig->golden->n_clusters);
    fail_unless_equals_int (check_samples (rig, branches[k]), 1);
    for (guint i = 1; i < branches[k]->buffers->len; i++)
      fail_unless_equals_uint64 (
          gst_act_record_meta_get (g_ptr_array_index (branches[k]->buffers, i))
              ->total_rows,
          0);
  }
  rig_free (rig);
}
GST_END_TEST;

/* --- end of stream is not success --- */

static void
check_not_drained (Rig *rig, Branch *branch, const gchar *warning)
{
  g_autofree gchar *text = wait_for_text (rig, GST_MESSAGE_WARNING);

  fail_unless_equals_string (text, warning);
  wait_for (rig, GST_MESSAGE_EOS);
  fail_unless_equals_int (branch->buffers->len, 0);
  fail_unless (strstr (branch->events->str, "act-complete") == NULL);
  fail_unless (g_str_has_suffix (branch->events->str, "eos "));
}

/* what a source does that fails: EOS, nothing announced */
GST_START_TEST (test_not_announced)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 2);
  push_event (rig, gst_event_new_eos ());
  check_not_drained (rig, a,
      "The run is not whole: it ended after 8 samples, before the source "
      "announced their number.");
  rig_free (rig);
}
GST_END_TEST;

/* the last batch was dropped on the way, its announcement was not */
GST_START_TEST (test_counts_disagree)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 2);
  push_event (rig, gst_act_event_new_complete (12));
  push_event (rig, gst_event_new_eos ());
  check_not_drained (
      rig, a, "The run is not whole: 8 samples came, 12 were announced.");
  rig_free (rig);
}
GST_END_TEST;

static void
check_error (Rig *rig, const gchar *expected)
{
  g_autofree gchar *text = wait_for_text (rig, GST_MESSAGE_ERROR);

  fail_unless_equals_string (text, expected);
}

/* one in the middle is missing: an error at once */
GST_START_TEST (test_gap)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 1);
  fail_unless_equals_int (
      gst_pad_push (rig->src, rig_buffer (rig, 2)), GST_FLOW_ERROR);
  check_error (rig,
      "batch 2 beginning with sample 508 came; batch 1 beginning with sample "
      "504 was expected: batches are missing");
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_caps_change)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  g_autoptr (GstCaps) caps = rig_caps (rig, GST_ACT_LAYOUT_CSR, 8);
  g_autoptr (GstCaps) broken = NULL;

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 1);
  push_event (rig, gst_event_new_caps (caps));
  check_error (rig,
      "the caps changed after 4 samples: 8 positions a sample, 48 components "
      "and 10 clusters came; 16, 48 and 10, of the same names, were expected");
  broken = rig_caps (rig, GST_ACT_LAYOUT_CSR, 16);
  gst_structure_remove_field (gst_caps_get_structure (broken, 0), "clusters");
  push_event (rig, gst_event_new_caps (broken));
  check_error (rig,
      "caps application/x-act-clusters: field 'clusters' must be a positive "
      "integer");
  rig_free (rig);
}
GST_END_TEST;

/* a layout may change: it is the same run */
GST_START_TEST (test_layout_change)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (GstCaps) caps = rig_caps (rig, GST_ACT_LAYOUT_DENSE, 16);

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 1);
  fail_unless (gst_pad_push_event (rig->src, gst_event_new_caps (caps)));
  rig->layout = GST_ACT_LAYOUT_DENSE;
  rig_push (rig, 1, rig->golden->n_batches);
  push_event (rig, gst_event_new_eos ());
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  fail_unless (g_str_has_prefix (a->events->str,
      "stream-start caps segment act-vocabulary act-assignment gap gap "));
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_not_linked)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  g_autoptr (GstElement) store =
      gst_bin_get_by_name (GST_BIN (rig->pipeline), "in");
  g_autoptr (GstPad) pad = gst_element_request_pad_simple (store, "src_%u");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  check_error (rig, "Internal data stream error.");
  gst_element_release_request_pad (store, pad);
  rig_free (rig);
}
GST_END_TEST;

/* --- as a sink --- */

static GstElement *
rig_store (Rig *rig)
{
  return gst_bin_get_by_name (GST_BIN (rig->pipeline), "in");
}

GST_START_TEST (test_sink)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  g_autoptr (GstElement) store = rig_store (rig);
  const GstStructure *s;
  GstMessage *message;
  guint64 n;

  fail_unless (GST_OBJECT_FLAG_IS_SET (store, GST_ELEMENT_FLAG_SINK));
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_STREAM_START);
  do {
    message = gst_bus_timed_pop_filtered (
        rig->bus, 60 * GST_SECOND, GST_MESSAGE_ELEMENT);
    fail_unless (message != NULL);
    s = gst_message_get_structure (message);
    if (gst_structure_has_name (s, "act-summary"))
      break;
    gst_message_unref (message);
  } while (TRUE);
  fail_unless (gst_structure_get_uint64 (s, "samples", &n) && n == 12);
  fail_unless (gst_structure_get_uint64 (s, "positions", &n) && n == 192);
  fail_unless (gst_structure_get_uint64 (s, "batches", &n) && n == 3);
  fail_unless (gst_structure_get_uint64 (s, "clusters", &n) && n == 10);
  fail_unless (gst_structure_get_uint64 (s, "components", &n) && n == 48);
  fail_unless (
      gst_structure_get_uint64 (s, "clustered-components", &n) && n == 45);
  fail_unless (gst_structure_get_uint64 (s, "component-values", &n) && n > 192);
  fail_unless (gst_structure_get_uint64 (s, "cluster-values", &n) && n > 192);
  gst_message_unref (message);
  wait_for (rig, GST_MESSAGE_EOS);

  /* the bin forgot it; a sink says it again */
  rig_set_state (rig, GST_STATE_PAUSED);
  rig_set_state (rig, GST_STATE_PLAYING);
  wait_for (rig, GST_MESSAGE_EOS);
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_sink_flag)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  g_autoptr (GstElement) store = rig_store (rig);
  GstPad *one = gst_element_request_pad_simple (store, "src_4");
  GstPad *two = gst_element_request_pad_simple (store, "src_%u");

  fail_unless_equals_string (GST_PAD_NAME (two), "src_5");
  fail_if (GST_OBJECT_FLAG_IS_SET (store, GST_ELEMENT_FLAG_SINK));
  gst_element_release_request_pad (store, one);
  fail_if (GST_OBJECT_FLAG_IS_SET (store, GST_ELEMENT_FLAG_SINK));
  gst_element_release_request_pad (store, two);
  fail_unless (GST_OBJECT_FLAG_IS_SET (store, GST_ELEMENT_FLAG_SINK));
  gst_object_unref (one);
  gst_object_unref (two);
  rig_free (rig);
}
GST_END_TEST;

static gint64
position (Rig *rig)
{
  gint64 at = -1;

  fail_unless (
      gst_element_query_position (rig->pipeline, GST_FORMAT_DEFAULT, &at));
  return at;
}

GST_START_TEST (test_sink_paused)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  GThread *thread;
  gint64 duration;

  rig_set_state (rig, GST_STATE_PAUSED);
  fail_unless_equals_int (
      gst_element_get_state (rig->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);
  thread = g_thread_new ("source", rig_run_thread, rig);
  /* posted with the first event, just before the first batch */
  wait_for (rig, GST_MESSAGE_STREAM_START);
  fail_unless_equals_int64 (position (rig), 0);
  fail_unless (gst_element_query_duration (
      rig->pipeline, GST_FORMAT_DEFAULT, &duration));
  fail_unless_equals_int64 (duration, 777);
  fail_if (
      gst_element_query_position (rig->pipeline, GST_FORMAT_BYTES, &duration));

  rig_set_state (rig, GST_STATE_PLAYING);
  wait_for (rig, GST_MESSAGE_EOS);
  fail_unless (g_thread_join (thread) == rig);
  fail_unless_equals_int64 (position (rig), FIRST_SAMPLE + 12);
  rig_free (rig);
}
GST_END_TEST;

/* the batch that waits in PAUSED is let go */
GST_START_TEST (test_sink_paused_to_null)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  GThread *thread;

  rig_set_state (rig, GST_STATE_PAUSED);
  thread = g_thread_new ("source", rig_run_thread, rig);
  wait_for (rig, GST_MESSAGE_STREAM_START);
  rig_set_state (rig, GST_STATE_NULL);
  fail_unless (g_thread_join (thread) == NULL);
  rig_free (rig);
}
GST_END_TEST;

/* a source pad that comes while it waits as a sink */
GST_START_TEST (test_paused_then_linked)
{
  Rig *rig = rig_new ("actstore name=in", "basic");
  g_autoptr (GstElement) store = rig_store (rig);
  GstElement *sink = gst_element_factory_make ("fakesink", "a");
  g_autoptr (Branch) a = NULL;
  GThread *thread;

  rig_set_state (rig, GST_STATE_PAUSED);
  thread = g_thread_new ("source", rig_run_thread, rig);
  wait_for (rig, GST_MESSAGE_STREAM_START);
  gst_bin_add (GST_BIN (rig->pipeline), sink);
  a = branch_new (rig, "a");
  gst_element_set_state (sink, GST_STATE_PAUSED);
  fail_unless (gst_element_link (store, sink));
  rig_set_state (rig, GST_STATE_PLAYING);
  wait_for (rig, GST_MESSAGE_EOS);
  g_thread_join (thread);
  check_branch (rig, a, FALSE);
  rig_free (rig);
}
GST_END_TEST;

/* --- with a sink behind --- */

/* It prerolls on the first gap, and so holds the second batch. */
GST_START_TEST (test_linked_paused)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");
  GThread *thread;

  rig_set_state (rig, GST_STATE_PAUSED);
  thread = g_thread_new ("source", rig_run_thread, rig);
  fail_unless_equals_int (
      gst_element_get_state (rig->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      GST_STATE_CHANGE_SUCCESS);
  fail_unless_equals_int64 (position (rig), FIRST_SAMPLE + 4);
  fail_unless_equals_int (a->buffers->len, 0);
  rig_set_state (rig, GST_STATE_PLAYING);
  wait_for (rig, GST_MESSAGE_EOS);
  fail_unless (g_thread_join (thread) == rig);
  check_branch (rig, a, FALSE);
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_late_pad)
{
  Rig *rig =
      rig_new ("actstore name=in ! fakesink name=a", "ragged_last_batch");
  g_autoptr (GstElement) store = rig_store (rig);
  GstElement *late = gst_element_factory_make ("fakesink", "b");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (Branch) b = NULL;

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 1);
  g_object_set (late, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (rig->pipeline), late);
  b = branch_new (rig, "b");
  gst_element_sync_state_with_parent (late);
  fail_unless (gst_element_link (store, late));
  rig_push (rig, 1, rig->golden->n_batches);
  push_event (rig, gst_event_new_eos ());
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  check_branch (rig, b, FALSE);
  fail_unless (g_str_has_prefix (b->events->str,
      "stream-start caps segment act-vocabulary act-assignment gap "));
  rig_free (rig);
}
GST_END_TEST;

/* the sink behind is exchanged in mid-run */
GST_START_TEST (test_relink)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (GstElement) store = rig_store (rig);
  g_autoptr (GstElement) old =
      gst_bin_get_by_name (GST_BIN (rig->pipeline), "a");
  GstElement *other = gst_element_factory_make ("fakesink", "b");
  g_autoptr (GstPad) src = gst_element_get_static_pad (store, "src_0");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (other, "sink");
  g_autoptr (GstPad) old_sink = gst_pad_get_peer (src);
  g_autoptr (Branch) b = NULL;

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 2);
  gst_pad_unlink (src, old_sink);
  gst_element_set_state (old, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (rig->pipeline), old);
  g_object_set (other, "async", FALSE, NULL);
  gst_bin_add (GST_BIN (rig->pipeline), other);
  b = branch_new (rig, "b");
  gst_element_sync_state_with_parent (other);
  fail_unless_equals_int (gst_pad_link (src, sink), GST_PAD_LINK_OK);
  rig_push (rig, 2, rig->golden->n_batches);
  push_event (rig, gst_event_new_eos ());
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, b, FALSE);
  rig_free (rig);
}
GST_END_TEST;

/* --- stopping and starting again --- */

typedef struct {
  GMutex lock;
  GCond cond;
  gboolean reached;
  gulong probe;
} Block;

static GstPadProbeReturn
block_probe (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Block *block = data;

  g_mutex_lock (&block->lock);
  block->reached = TRUE;
  g_cond_signal (&block->cond);
  g_mutex_unlock (&block->lock);
  return GST_PAD_PROBE_OK; /* stay blocked */
}

/* The drain's first record waits on the source pad until that is flushed. */
static GstPad *
block_drain (Rig *rig, Block *block)
{
  g_autoptr (GstElement) store = rig_store (rig);
  GstPad *pad = gst_element_get_static_pad (store, "src_0");

  g_mutex_init (&block->lock);
  g_cond_init (&block->cond);
  block->reached = FALSE;
  block->probe = gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block_probe, block,
      NULL);
  return pad;
}

static void
wait_until_blocked (Block *block)
{
  g_mutex_lock (&block->lock);
  while (!block->reached)
    g_cond_wait (&block->cond, &block->lock);
  g_mutex_unlock (&block->lock);
}

static void
block_clear (Block *block, GstPad *pad)
{
  gst_pad_remove_probe (pad, block->probe);
  g_mutex_clear (&block->lock);
  g_cond_clear (&block->cond);
}

static void
branch_reset (Branch *branch)
{
  g_ptr_array_set_size (branch->buffers, 0);
  g_string_truncate (branch->events, 0);
}

GST_START_TEST (test_null_in_mid_drain)
{
  Rig *rig = rig_new (
      "actstore name=in max-record-size=1024 ! fakesink name=a", "many_values");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (GstPad) pad = NULL;
  GThread *thread;
  Block block;

  pad = block_drain (rig, &block);
  rig_set_state (rig, GST_STATE_PLAYING);
  thread = g_thread_new ("source", rig_run_thread, rig);
  wait_until_blocked (&block);
  rig_set_state (rig, GST_STATE_NULL);
  g_thread_join (thread);
  fail_unless_equals_int (a->buffers->len, 0);
  fail_unless (strstr (a->events->str, "act-complete") == NULL);
  fail_unless (strstr (a->events->str, "eos") == NULL);
  fail_unless_equals_int (g_atomic_int_get (&rig->n_alive_buffers), 0);
  block_clear (&block, pad);

  /* and once more, all of it */
  branch_reset (a);
  gst_pad_set_active (rig->src, FALSE);
  gst_pad_set_active (rig->src, TRUE);
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_flush_in_mid_drain)
{
  Rig *rig = rig_new (
      "actstore name=in max-record-size=1024 ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");
  g_autoptr (GstPad) pad = NULL;
  GThread *thread;
  Block block;

  pad = block_drain (rig, &block);
  rig_set_state (rig, GST_STATE_PLAYING);
  thread = g_thread_new ("source", rig_run_thread, rig);
  wait_until_blocked (&block);
  push_event (rig, gst_event_new_flush_start ());
  g_thread_join (thread);
  block_clear (&block, pad);
  push_event (rig, gst_event_new_flush_stop (TRUE));
  fail_unless_equals_int (a->buffers->len, 0);
  fail_unless (g_str_has_suffix (a->events->str, "flush-start flush-stop "));

  branch_reset (a);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  rig_free (rig);
}
GST_END_TEST;

/* what came before a flush is forgotten, its announcement too */
GST_START_TEST (test_flush_in_mid_run)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "basic");
  g_autoptr (Branch) a = branch_new (rig, "a");

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 2);
  push_event (rig, gst_act_event_new_complete (8));
  push_event (rig, gst_event_new_flush_start ());
  push_event (rig, gst_event_new_flush_stop (TRUE));
  fail_unless_equals_int (g_atomic_int_get (&rig->n_alive_buffers), 0);
  branch_reset (a);
  rig_start (rig);
  rig_push (rig, 0, 2);
  push_event (rig, gst_event_new_eos ());
  check_not_drained (rig, a,
      "The run is not whole: it ended after 8 samples, before the source "
      "announced their number.");

  push_event (rig, gst_event_new_flush_start ());
  push_event (rig, gst_event_new_flush_stop (TRUE));
  branch_reset (a);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);
  rig_free (rig);
}
GST_END_TEST;

static void
flush (Rig *rig)
{
  push_event (rig, gst_event_new_flush_start ());
  push_event (rig, gst_event_new_flush_stop (TRUE));
}

/* What is in a folder counts after a flush too; a folder that cannot be read
 * then is an error, and nothing is stored elsewhere instead. */
GST_START_TEST (test_flush_with_folder)
{
  g_autofree gchar *path = NULL, *manifest = NULL, *description = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (Branch) a = NULL;
  Rig *rig;

  test_folder_make ();
  path = test_path ("store");
  manifest = g_build_filename (path, "manifest.json", NULL);
  description = g_strdup_printf (
      "actstore name=in location=%s segment-size=1 ! fakesink name=a", path);
  rig = rig_new (description, "basic");
  a = branch_new (rig, "a");
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_start (rig);
  rig_push (rig, 0, 2);
  flush (rig);
  branch_reset (a);
  /* the first two come again, and are there */
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  check_branch (rig, a, FALSE);

  fail_unless (g_file_set_contents (manifest, "garbage", -1, NULL));
  flush (rig);
  text = wait_for_text (rig, GST_MESSAGE_ERROR);
  fail_unless (strstr (text, manifest) != NULL, "%s", text);
  rig_start (rig);
  buffer = rig_buffer (rig, 0);
  fail_unless_equals_int (
      gst_pad_push (rig->src, g_steal_pointer (&buffer)), GST_FLOW_ERROR);
  rig_free (rig);
  test_folder_remove ();
}
GST_END_TEST;

/* A change of state does not read what is stored: a segment that is damaged is
 * found by whoever asks or brings a batch. */
GST_START_TEST (test_folder_is_read_by_the_stream)
{
  g_autofree gchar *path = NULL, *segment = NULL, *description = NULL;
  g_autofree gchar *refusal = NULL;
  GstQuery *query = gst_act_query_new_stored ();
  Rig *rig;

  test_folder_make ();
  path = test_path ("store");
  segment = g_build_filename (path, "segment-000001.safetensors", NULL);
  description = g_strdup_printf (
      "actstore name=in location=%s segment-size=1 ! fakesink name=a", path);
  rig = rig_new (description, "basic");
  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  wait_for (rig, GST_MESSAGE_EOS);
  rig_set_state (rig, GST_STATE_READY);
  fail_unless (g_file_set_contents (segment, "damaged", -1, NULL));
  rig_set_state (rig, GST_STATE_PLAYING);
  fail_unless (gst_pad_peer_query (rig->src, query));
  refusal = gst_act_query_parse_refusal (query);
  fail_unless (refusal != NULL && strstr (refusal, segment) != NULL);
  fail_unless (strstr (refusal, "--repair") != NULL);
  gst_query_unref (query);
  rig_free (rig);
  test_folder_remove ();
}
GST_END_TEST;

/* a stream after the end of another, without a flush between (which sinks of
 * GstBaseSink do not take) */
GST_START_TEST (test_second_stream)
{
  Rig *rig = rig_new (
      "actstore name=in ! tee name=a allow-not-linked=true", "empty_clusters");
  g_autoptr (Branch) a = branch_new (rig, "a");

  rig_set_state (rig, GST_STATE_PLAYING);
  for (guint i = 0; i < 2; i++) {
    branch_reset (a);
    rig_run (rig);
    check_branch (rig, a, FALSE);
  }
  rig_free (rig);
}
GST_END_TEST;

GST_START_TEST (test_reuse)
{
  Rig *rig = rig_new ("actstore name=in ! fakesink name=a", "dead_components");
  g_autoptr (Branch) a = branch_new (rig, "a");

  for (guint i = 0; i < 3; i++) {
    branch_reset (a);
    rig->layout = i % 2 ? GST_ACT_LAYOUT_DENSE : GST_ACT_LAYOUT_CSR;
    gst_pad_set_active (rig->src, TRUE);
    rig_set_state (rig, GST_STATE_PLAYING);
    rig_run (rig);
    wait_for (rig, GST_MESSAGE_EOS);
    check_branch (rig, a, FALSE);
    rig_set_state (rig, i == 0 ? GST_STATE_READY : GST_STATE_NULL);
    gst_pad_set_active (rig->src, FALSE);
  }
  rig_free (rig);
}
GST_END_TEST;

/* --- progress --- */

GST_START_TEST (test_progress)
{
  Rig *rig =
      rig_new ("actstore name=in progress-interval=0 ! fakesink", "basic");
  g_autoptr (GString) seen = g_string_new (NULL);
  GstMessage *message;

  rig_set_state (rig, GST_STATE_PLAYING);
  rig_run (rig);
  while ((message = gst_bus_timed_pop_filtered (
              rig->bus, 60 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS))
      != NULL) {
    const gchar *unit;
    guint64 done, total;
    gboolean end = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;

    if (gst_act_message_parse_progress (message, &unit, &done, &total))
      g_string_append_printf (seen,
          "%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ", ", unit, done,
          total);
    gst_message_unref (message);
    if (end)
      break;
  }
  fail_unless_equals_string (seen->str,
      "samples 4/277, samples 8/277, samples 12/277, clusters 1/10, clusters "
      "2/10, clusters 3/10, clusters 4/10, clusters 5/10, clusters 6/10, "
      "clusters 7/10, clusters 8/10, clusters 9/10, clusters 10/10, ");
  rig_free (rig);
}
GST_END_TEST;

static Suite *
actstore_suite (void)
{
  Suite *suite = suite_create ("actstore");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_drain, 0, 2 * g_strv_length ((gchar **) golden_cases ()));
  tcase_add_test (tcase, test_record_caps);
  tcase_add_test (tcase, test_two_branches);
  tcase_add_test (tcase, test_no_batches);
  tcase_add_test (tcase, test_nothing);
  tcase_add_test (tcase, test_all_silent_through_tee);
  tcase_add_test (tcase, test_not_announced);
  tcase_add_test (tcase, test_counts_disagree);
  tcase_add_test (tcase, test_gap);
  tcase_add_test (tcase, test_caps_change);
  tcase_add_test (tcase, test_layout_change);
  tcase_add_test (tcase, test_not_linked);
  tcase_add_test (tcase, test_sink);
  tcase_add_test (tcase, test_sink_flag);
  tcase_add_test (tcase, test_sink_paused);
  tcase_add_test (tcase, test_sink_paused_to_null);
  tcase_add_test (tcase, test_paused_then_linked);
  tcase_add_test (tcase, test_linked_paused);
  tcase_add_test (tcase, test_late_pad);
  tcase_add_test (tcase, test_relink);
  tcase_add_test (tcase, test_null_in_mid_drain);
  tcase_add_test (tcase, test_flush_in_mid_drain);
  tcase_add_test (tcase, test_flush_in_mid_run);
  tcase_add_test (tcase, test_flush_with_folder);
  tcase_add_test (tcase, test_folder_is_read_by_the_stream);
  tcase_add_test (tcase, test_second_stream);
  tcase_add_test (tcase, test_reuse);
  tcase_add_test (tcase, test_progress);
  return suite;
}

GST_CHECK_MAIN (actstore);
