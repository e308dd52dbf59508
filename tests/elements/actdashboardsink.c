/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink with records made by hand. */
#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>

#include "formats/json.h"
#include "formats/npy.h"
#include "formats/zip.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* four samples of three positions, two clusters of four components */
#define CAPS                                                                   \
  "application/x-act-records, sequence-length=3, vocab-size=5, "               \
  "modules=(string)<m>, components=(int)<4>, clusters=2, assignment=abc, "     \
  "reduction=max"
#define N_CTX 3
#define N_SAMPLES 4

typedef struct {
  gchar *dir;
  gchar *location;
  GstElement *sink;
  GstPad *src;
  GstBus *bus;
} Fixture;

static void
push_event (Fixture *f, GstEvent *event)
{
  gst_pad_push_event (f->src, event);
}

/* stream-start, caps, segment */
static void
begin_stream (Fixture *f)
{
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  push_event (f, gst_event_new_stream_start ("test"));
  push_event (f, gst_event_new_caps (caps));
  push_event (f, gst_event_new_segment (&segment));
  gst_caps_unref (caps);
}

static void
push_vocabulary (Fixture *f)
{
  static const gchar *const strings[] = { "a", "b", "c", "d",
    "\xc4\xa0"
    "e" };
  GstActVocabulary *vocabulary = gst_act_vocabulary_new (strings, 5);

  push_event (f, gst_act_event_new_vocabulary (vocabulary));
  gst_act_vocabulary_unref (vocabulary);
}

static void
push_assignment (Fixture *f)
{
  static const gint64 ids[] = { 0, 7 };
  static const guint n_members[] = { 2, 1 }, members[] = { 0, 2, 3 };
  GstCaps *caps = gst_caps_from_string (CAPS);
  GstActInfo *info = gst_act_info_new_from_caps (caps, NULL);
  GstActAssignment *assignment = gst_act_assignment_new (
      info, "run|x", -1, 2, ids, n_members, members, NULL);

  fail_unless (assignment != NULL);
  push_event (f, gst_act_event_new_assignment (assignment));
  gst_act_assignment_unref (assignment);
  gst_act_info_unref (info);
  gst_caps_unref (caps);
}

static void
fixture_link (Fixture *f, const gchar *properties)
{
  g_autofree gchar *line = g_strdup_printf (
      "actdashboardsink location=\"%s\" %s", f->location, properties);
  GstPad *pad;

  f->sink = gst_parse_launch (line, NULL);
  fail_unless (f->sink != NULL);
  gst_object_ref_sink (f->sink);
  f->bus = gst_bus_new ();
  gst_element_set_bus (f->sink, f->bus);
  f->src = gst_pad_new ("src", GST_PAD_SRC);
  gst_pad_set_active (f->src, TRUE);
  pad = gst_element_get_static_pad (f->sink, "sink");
  fail_unless (gst_pad_link (f->src, pad) == GST_PAD_LINK_OK);
  gst_object_unref (pad);
}

static void
fixture_init (Fixture *f, const gchar *properties)
{
  f->dir = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  f->location = g_build_filename (f->dir, "out put", NULL);
  fixture_link (f, properties);
}

static void
fixture_start (Fixture *f)
{
  fail_unless (gst_element_set_state (f->sink, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_SUCCESS);
}

/* as a source that starts again: its pad has no sticky events */
static void
fixture_restart (Fixture *f)
{
  gst_pad_set_active (f->src, FALSE);
  gst_pad_set_active (f->src, TRUE);
  fixture_start (f);
}

/* everything up to the records */
static void
fixture_begin (Fixture *f, const gchar *properties)
{
  fixture_init (f, properties);
  fixture_start (f);
  begin_stream (f);
  push_assignment (f);
  push_vocabulary (f);
}

static void
remove_folder (const gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    if (g_remove (path) != 0)
      remove_folder (path);
  }
  g_dir_close (dir);
  g_rmdir (folder);
}

static guint
count_files (const gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  if (dir == NULL)
    return 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

static void
fixture_unlink (Fixture *f)
{
  gst_element_set_state (f->sink, GST_STATE_NULL);
  gst_pad_set_active (f->src, FALSE);
  gst_element_set_bus (f->sink, NULL);
  gst_object_unref (f->src);
  gst_object_unref (f->bus);
  gst_object_unref (f->sink);
}

static void
fixture_clear (Fixture *f)
{
  fixture_unlink (f);
  remove_folder (f->dir);
  g_free (f->dir);
  g_free (f->location);
}

/* after a run that must leave nothing, not even a temporary folder */
static void
fixture_clear_empty (Fixture *f)
{
  fixture_unlink (f);
  fail_unless_equals_int (count_files (f->dir), 0);
  remove_folder (f->dir);
  g_free (f->dir);
  g_free (f->location);
}

static void
set_block (
    GstBuffer *buffer, GstActRecordBlock block, gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  memcpy (to, data, size);
  fail_unless (gst_act_record_set_block (buffer, block, memory, NULL));
}

static const gint32 tokens[] = { 0, 1, 2, 3, 4, 0, 0, 1, 2, 2, 2, 2 };

/* rows first .. first + n of all samples, whose indices begin at 100 */
static GstBuffer *
samples_record (guint first, guint n, const gint32 *ids)
{
  guint64 samples[] = { 100, 101, 102, 103 };
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_SAMPLES);

  meta->first_row = first;
  meta->n_rows = n;
  meta->total_rows = N_SAMPLES;
  meta->flags = (first == 0 ? GST_ACT_RECORD_FIRST : 0)
      | (first + n == N_SAMPLES ? GST_ACT_RECORD_LAST : 0);
  set_block (buffer, GST_ACT_RECORD_BLOCK_TOKENS, ids + first * N_CTX,
      n * N_CTX * sizeof *ids);
  set_block (buffer, GST_ACT_RECORD_BLOCK_SAMPLES, samples + first,
      n * sizeof (guint64));
  return buffer;
}

/* cluster 0: rows of samples 100, 101 in two records. In sample 100 position
 * 1 is 0.75, in 101 positions 0 and 2 are 1 and 0.25. */
static GstBuffer *
rows_record (guint row)
{
  static const guint64 samples[] = { 100, 101 };
  static const gint64 indptr[2][2] = { { 0, 1 }, { 0, 2 } };
  static const gint32 positions[2][2] = { { 1 }, { 0, 2 } };
  static const gfloat values[2][2] = { { 0.75f }, { 1.0f, 0.25f } };
  static const gint64 counts[] = { 3, 0 };
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_CLUSTER);

  meta->first_row = row;
  meta->n_rows = 1;
  meta->total_rows = 2;
  meta->n_values = row + 1;
  meta->flags = row == 0 ? GST_ACT_RECORD_FIRST : GST_ACT_RECORD_LAST;
  set_block (buffer, GST_ACT_RECORD_BLOCK_SAMPLES, &samples[row], 8);
  set_block (buffer, GST_ACT_RECORD_BLOCK_INDPTR, indptr[row], 16);
  set_block (buffer, GST_ACT_RECORD_BLOCK_POSITIONS, positions[row],
      (row + 1) * sizeof (gint32));
  set_block (buffer, GST_ACT_RECORD_BLOCK_VALUES, values[row],
      (row + 1) * sizeof (gfloat));
  if (row == 1)
    set_block (buffer, GST_ACT_RECORD_BLOCK_COACTIVATIONS, counts, 16);
  return buffer;
}

/* a cluster that stored nothing */
static GstBuffer *
silent_record (guint cluster)
{
  static const gint64 counts[] = { 0, 0 };
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_CLUSTER);

  meta->cluster = cluster;
  meta->flags = GST_ACT_RECORD_FIRST | GST_ACT_RECORD_LAST;
  set_block (buffer, GST_ACT_RECORD_BLOCK_COACTIVATIONS, counts, 16);
  return buffer;
}

static void
push (Fixture *f, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_pad_push (f->src, buffer), GST_FLOW_OK);
}

static void
push_refused (Fixture *f, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_pad_push (f->src, buffer), GST_FLOW_ERROR);
}

static void
push_all (Fixture *f)
{
  push (f, samples_record (0, 3, tokens));
  push (f, samples_record (3, 1, tokens));
  push (f, rows_record (0));
  push (f, rows_record (1));
  push (f, silent_record (1));
}

static void
finish (Fixture *f, guint64 n_samples)
{
  push_event (f, gst_act_event_new_complete (n_samples));
  push_event (f, gst_event_new_eos ());
}

/* the next message that says how a run went, or NULL */
static GstMessage *
next_message (Fixture *f)
{
  return gst_bus_pop_filtered (f->bus,
      GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT
          | GST_MESSAGE_EOS);
}

static void
assert_no_message (Fixture *f)
{
  GstMessage *message = next_message (f);

  fail_unless (message == NULL, "unexpected %" GST_PTR_FORMAT, message);
}

static void
assert_eos (Fixture *f)
{
  GstMessage *message = next_message (f);

  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  assert_no_message (f);
}

static void
assert_output_of (Fixture *f, guint n_files)
{
  GstMessage *message = next_message (f);
  const GstStructure *s;

  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_ELEMENT);
  s = gst_message_get_structure (message);
  fail_unless (gst_structure_has_name (s, "act-output"));
  fail_unless_equals_string (
      gst_structure_get_string (s, "location"), f->location);
  gst_message_unref (message);
  assert_eos (f);
  fail_unless_equals_int (count_files (f->location), n_files);
  /* nothing beside it */
  fail_unless_equals_int (count_files (f->dir), 1);
}

static void
assert_output (Fixture *f)
{
  assert_output_of (f, 13);
}

/* exactly one message, an error of one line that names what is expected */
static void
assert_error (Fixture *f, const gchar *text)
{
  GstMessage *message = next_message (f);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL, "no error; expected '%s'", text);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  gst_message_unref (message);
  fail_unless (
      strstr (error->message, text) != NULL, "found '%s'", error->message);
  fail_unless (strchr (error->message, '\n') == NULL);
  assert_no_message (f);
}

static void
assert_warning (Fixture *f, const gchar *text)
{
  GstMessage *message = next_message (f);
  g_autoptr (GError) error = NULL;

  fail_unless (message != NULL);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, NULL);
  gst_message_unref (message);
  fail_unless (
      strstr (error->message, text) != NULL, "found '%s'", error->message);
  assert_eos (f);
}

static gchar *
contents (Fixture *f, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (f->location, name, NULL);
  gchar *text;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL), "no %s", name);
  return text;
}

static ActNpy *
member (Fixture *f, const gchar *zip, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (f->location, zip, NULL);
  g_autoptr (GBytes) bytes = act_zip_read_member (path, name, G_MAXINT, NULL);
  ActNpy *npy;

  fail_unless (bytes != NULL);
  npy = act_npy_new_from_bytes (bytes, name, NULL);
  fail_unless (npy != NULL);
  return npy;
}

GST_START_TEST (test_dashboard)
{
  static const gint64 counts[] = { 3, 0, 0, 0 }, ids[] = { 0, 7 };
  /* rows of texts "d e a" and "a b c", in order of storing */
  static const guint16 half[] = { 0, 0x3a00, 0, 0x3c00, 0, 0x3400 };
  g_autofree gchar *texts = NULL, *clusters = NULL, *map = NULL;
  g_autoptr (ActNpy) activations = NULL, coactivations = NULL, indices = NULL;
  Fixture f;

  fixture_begin (&f, "criteria=max_activation-max,max_position-min");
  push_all (&f);
  fail_if (g_file_test (f.location, G_FILE_TEST_EXISTS));
  finish (&f, N_SAMPLES);
  assert_output (&f);

  texts = contents (&f, "text_samples.jsonl");
  fail_unless_equals_string (texts,
      "{\"text_hash\": \"0e9f6403\", \"full_text\": \"a b c\", \"tokens\": "
      "[\"a\", \"b\", \"c\"]}\n"
      "{\"text_hash\": \"4b4f0944\", \"full_text\": \"d \\u0120e a\", "
      "\"tokens\": [\"d\", \"\\u0120e\", \"a\"]}\n"
      "{\"text_hash\": \"130a359c\", \"full_text\": \"c c c\", \"tokens\": "
      "[\"c\", \"c\", \"c\"]}\n");
  map = contents (&f, "activations_map.json");
  fail_unless_equals_string (
      map, "{\n  \"run|x--1-0|0e9f6403\": 0,\n  \"run|x--1-0|4b4f0944\": 1\n}");
  clusters = contents (&f, "clusters.jsonl");
  fail_unless (g_str_has_prefix (clusters,
      "{\"cluster_hash\": \"run|x--1-0\", \"components\": [{\"module\": \"m\", "
      "\"index\": 0, \"label\": \"m:0\"}, {\"module\": \"m\", \"index\": 2, "
      "\"label\": \"m:2\"}], \"criterion_samples\": {\"max_activation-max-20\":"
      " [\"4b4f0944\", \"0e9f6403\"], \"max_position-min-20\": [\"4b4f0944\", "
      "\"0e9f6403\"]}, "));
  fail_unless (strstr (clusters,
                   "\"top_tokens\": [{\"token\": \"b\", \"count\": 1}, "
                   "{\"token\": \"d\", "
                   "\"count\": 1}], ")
      != NULL);
  fail_unless_equals_int (
      strchr (clusters, '\n') - clusters + 1, strlen (clusters));

  activations = member (&f, "activations.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (activations)->shape[0], 2);
  fail_unless_equals_int (
      memcmp (act_npy_get (activations)->data, half, sizeof half), 0);
  coactivations = member (&f, "coactivations.npz", "coactivations.npy");
  fail_unless_equals_int (
      memcmp (act_npy_get (coactivations)->data, counts, sizeof counts), 0);
  indices = member (&f, "coactivations.npz", "cluster_indices.npy");
  fail_unless_equals_int (
      memcmp (act_npy_get (indices)->data, ids, sizeof ids), 0);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_info_files)
{
  g_autofree gchar *info = NULL;
  g_autoptr (JsonNode) run = NULL;
  g_autofree gchar *path = NULL;
  JsonObject *object;
  Fixture f;

  fixture_begin (&f, "n-samples=3");
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  info = contents (&f, "model_info.json");
  fail_unless (strstr (info,
                   "\"n_samples\": 4,\n  \"n_positions\": 12,\n"
                   "  \"n_texts\": 3,")
          != NULL,
      "%s", info);
  fail_unless (strstr (info, "\"max_activation-max-3\"") != NULL);
  fail_unless (strstr (info, "\"n_clusters_written\": 1") != NULL);
  path = g_build_filename (f.location, "run_info.json", NULL);
  run = act_json_read_file (path, 100000, NULL);
  fail_unless (run != NULL);
  object = json_node_get_object (run);
  fail_unless_equals_string (
      json_object_get_string_member (object, "location"), f.location);
  fail_unless (json_object_get_null_member (object, "vocabulary"));
  fail_unless (json_object_get_null_member (object, "title"));
  fail_unless (json_object_has_member (object, "date"));
  fixture_clear (&f);
}
GST_END_TEST;

/* one row: of sample 101, 0.75 at position 1 */
static GstBuffer *
component_record_of (
    guint cluster, gint member, GstActRecordFlags flags, gfloat value)
{
  static const guint64 sample = 101;
  static const gint64 indptr[] = { 0, 1 };
  static const gint32 position = 1;
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_COMPONENT);

  meta->cluster = cluster;
  meta->member = member;
  meta->n_rows = meta->total_rows = meta->n_values = 1;
  meta->flags = flags;
  set_block (buffer, GST_ACT_RECORD_BLOCK_SAMPLES, &sample, sizeof sample);
  set_block (buffer, GST_ACT_RECORD_BLOCK_INDPTR, indptr, sizeof indptr);
  set_block (
      buffer, GST_ACT_RECORD_BLOCK_POSITIONS, &position, sizeof position);
  set_block (buffer, GST_ACT_RECORD_BLOCK_VALUES, &value, sizeof value);
  return buffer;
}

static GstBuffer *
component_record (guint cluster, gint member, GstActRecordFlags flags)
{
  return component_record_of (cluster, member, flags, 0.75f);
}

static GstBuffer *
silent_component_record (guint cluster, gint member)
{
  GstBuffer *buffer = gst_buffer_new ();
  GstActRecordMeta *meta =
      gst_act_record_meta_add (buffer, GST_ACT_RECORD_COMPONENT);

  meta->cluster = cluster;
  meta->member = member;
  meta->flags = GST_ACT_RECORD_FIRST | GST_ACT_RECORD_LAST;
  return buffer;
}

#define WHOLE (GST_ACT_RECORD_FIRST | GST_ACT_RECORD_LAST)

/* without facts records of components are passed over */
GST_START_TEST (test_component_records)
{
  GstBuffer *buffer;
  Fixture f;

  fixture_begin (&f, "facts=false");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push (&f, rows_record (1));
  buffer = gst_buffer_new ();
  gst_act_record_meta_add (buffer, GST_ACT_RECORD_COMPONENT)->member = 0;
  push (&f, buffer);
  push (&f, silent_record (1));
  finish (&f, N_SAMPLES);
  assert_output_of (&f, 7);
  fixture_clear (&f);
}
GST_END_TEST;

/* the line of docs/formats.md */
static const gchar facts_line[] =
    "{\"cluster_hash\": \"run|x--1-0\", \"activation\": {\"n_samples\": 2, "
    "\"sum\": 2.0, \"mean\": 0.3333333333333333, \"n_active_positions\": 2, "
    "\"n_active_samples\": 2, \"position_rate\": 0.16666666666666666, "
    "\"sample_rate\": 0.5}, \"samples\": {\"max_activation-max-20\": "
    "{\"row\": [1, 0], \"sample\": [101, 100], \"text_hash\": "
    "[\"4b4f0944\", \"0e9f6403\"]}, \"random\": {\"row\": [0], \"sample\": "
    "[100], \"text_hash\": [\"0e9f6403\"]}}, \"tokens\": {\"n_positions\": "
    "12, \"n_active_positions\": 2, \"n_unique\": 2, \"by_count\": "
    "{\"token\": [\"b\", \"d\"], \"count\": [1, 1], \"run_count\": [2, 1], "
    "\"p_token_given_active\": [0.5, 0.5], \"p_active_given_token\": [0.5, "
    "1.0], \"lift\": [3.0, 6.0]}, \"by_lift\": {\"token\": [\"d\", \"b\"], "
    "\"count\": [1, 1], \"run_count\": [1, 2], \"p_token_given_active\": "
    "[0.5, 0.5], \"p_active_given_token\": [1.0, 0.5], \"lift\": [6.0, "
    "3.0]}}, ";
static const gchar facts_members[] =
    "\"members\": [{\"label\": \"m:0\", \"n_samples\": 1, \"sum\": 0.75, "
    "\"mean\": 0.25, \"min\": 0.0, \"max\": 0.75, \"median\": 0.0, "
    "\"n_active_positions\": 1, \"n_active_samples\": 1, \"position_rate\": "
    "0.08333333333333333, \"sample_rate\": 0.25, \"mass\": 0.75, "
    "\"mass_share\": 1.0}, {\"label\": \"m:2\", \"n_samples\": 0, \"sum\": "
    "0.0, \"mean\": 0.0, \"min\": 0.0, \"max\": 0.0, \"median\": 0.0, "
    "\"n_active_positions\": 0, \"n_active_samples\": 0, \"position_rate\": "
    "0.0, \"sample_rate\": 0.0, \"mass\": 0.0, \"mass_share\": 0.0}], "
    "\"modules\": [{\"module\": \"m\", \"n_members\": 2, \"mass\": 0.75, "
    "\"mass_share\": 1.0}], \"layers\": [{\"layer\": null, \"n_members\": 2, "
    "\"mass\": 0.75, \"mass_share\": 1.0}], \"coactivating\": "
    "{\"n_positions\": 3, \"by_count\": {\"line\": [], \"cluster_hash\": [], "
    "\"count\": [], \"jaccard\": [], \"lift\": []}, \"by_jaccard\": {\"line\": "
    "[], \"cluster_hash\": [], \"count\": [], \"jaccard\": [], \"lift\": "
    "[]}}}\n";

GST_START_TEST (test_facts)
{
  static const gint64 line_rows[] = { 0, 4 }, row_ends[] = { 0, 0, 1, 1, 1 };
  static const gint64 counts[] = { 3, 1, 1, 2 };
  static const gfloat shown[] = { 0, 0.75f, 0, 1.0f, 0, 0.25f };
  static const guint64 samples[] = { 100, 101 };
  g_autofree gchar *facts = NULL;
  g_autoptr (ActNpy) a = NULL, s = NULL, l = NULL, r = NULL, c = NULL;
  GstBuffer *last;
  Fixture f;

  fixture_begin (&f, "min-token-count=1 n-random=1");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  last = rows_record (1);
  set_block (last, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS, counts, 32);
  push (&f, last);
  push (&f, component_record (0, 0, WHOLE));
  push (&f, silent_component_record (0, 1));
  push (&f, silent_record (1));
  push (&f, silent_component_record (1, 0));
  finish (&f, N_SAMPLES);
  assert_output (&f);

  facts = contents (&f, "cluster_facts.jsonl");
  fail_unless (g_str_has_prefix (facts, facts_line), "%s", facts);
  fail_unless (g_str_has_suffix (facts, facts_members), "%s", facts);
  a = member (&f, "samples.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (a)->dtype, ACT_DTYPE_F32);
  fail_unless_equals_int (act_npy_get (a)->n_elements, 6);
  fail_unless (memcmp (act_npy_get (a)->data, shown, sizeof shown) == 0);
  s = member (&f, "samples.npz", "sample.npy");
  fail_unless (memcmp (act_npy_get (s)->data, samples, sizeof samples) == 0);
  l = member (&f, "component_activations.npz", "line_indptr.npy");
  fail_unless (memcmp (act_npy_get (l)->data, line_rows, 16) == 0);
  r = member (&f, "component_activations.npz", "indptr.npy");
  fail_unless (memcmp (act_npy_get (r)->data, row_ends, 40) == 0);
  c = member (&f, "component_activations.npz", "coactivations.npy");
  fail_unless (memcmp (act_npy_get (c)->data, counts, 32) == 0);
  fixture_clear (&f);
}
GST_END_TEST;

static void
push_cluster (Fixture *f)
{
  push (f, samples_record (0, 4, tokens));
  push (f, rows_record (0));
  push (f, rows_record (1));
}

/* what does not follow its cluster in order, or is not all that there is */
GST_START_TEST (test_components_out_of_order)
{
  Fixture f;

  /* the second first */
  fixture_begin (&f, "");
  push_cluster (&f);
  push_refused (&f, component_record (0, 1, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* of a cluster that has not come */
  fixture_begin (&f, "");
  push_cluster (&f);
  push_refused (&f, component_record (1, 0, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* more than there are */
  fixture_begin (&f, "");
  push_cluster (&f);
  push (&f, component_record (0, 0, WHOLE));
  push (&f, component_record (0, 1, WHOLE));
  push_refused (&f, component_record (0, 2, WHOLE));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* the next cluster before the second */
  fixture_begin (&f, "");
  push_cluster (&f);
  push (&f, component_record (0, 0, WHOLE));
  push_refused (&f, silent_record (1));
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* the end before the last one's */
  fixture_begin (&f, "");
  push_all (&f);
  push (&f, component_record (1, 0, GST_ACT_RECORD_FIRST));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of the 1 components of cluster 1 0 came whole");
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_component_not_finite)
{
  static const gfloat values[] = { NAN, -INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    Fixture f;

    fixture_begin (&f, "");
    push_cluster (&f);
    push (&f, component_record (0, 0, WHOLE));
    push_refused (&f, component_record_of (0, 1, WHOLE, values[i]));
    assert_error (&f,
        "cluster 'run|x--1-0', component 1 of 2: the activation in sample 101,"
        " position 1, is ");
    fixture_clear_empty (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_bad_member_coactivations)
{
  static const gint64 counts[] = { 3, 1, 1, 2 };
  GstBuffer *last = rows_record (1);
  Fixture f;

  /* not rounded up to a cache line, as set_block () does */
  fail_unless (
      gst_act_record_set_block (last, GST_ACT_RECORD_BLOCK_MEMBER_COACTIVATIONS,
          gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, (gpointer) counts,
              24, 0, 24, NULL, NULL),
          NULL));
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push_refused (&f, last);
  assert_error (&f, "cluster 0 has 2 components");
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_all_silent)
{
  g_autofree gchar *clusters = NULL, *map = NULL;
  g_autoptr (ActNpy) activations = NULL;
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, silent_record (0));
  push (&f, silent_record (1));
  finish (&f, N_SAMPLES);
  assert_output (&f);
  clusters = contents (&f, "clusters.jsonl");
  fail_unless_equals_string (clusters, "");
  map = contents (&f, "activations_map.json");
  fail_unless_equals_string (map, "{}");
  activations = member (&f, "activations.npz", "activations.npy");
  fail_unless_equals_int (act_npy_get (activations)->shape[0], 0);
  fail_unless_equals_int (act_npy_get (activations)->shape[1], N_CTX);
  fixture_clear (&f);
}
GST_END_TEST;

/* no samples: with records that say so, or without any */
GST_START_TEST (test_empty)
{
  for (guint i = 0; i < 2; i++) {
    g_autofree gchar *texts = NULL;
    Fixture f;

    fixture_begin (&f, "");
    if (i == 1) {
      push (&f, silent_record (0));
      push (&f, silent_record (1));
    }
    finish (&f, 0);
    assert_output (&f);
    texts = contents (&f, "text_samples.jsonl");
    fail_unless_equals_string (texts, "");
    fixture_clear (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_incomplete)
{
  Fixture f;

  /* EOS alone */
  fixture_begin (&f, "");
  push_all (&f);
  push_event (&f, gst_event_new_eos ());
  assert_warning (&f, "act-complete");
  fixture_clear_empty (&f);

  /* another number of samples */
  fixture_begin (&f, "");
  push_all (&f);
  finish (&f, N_SAMPLES + 1);
  assert_warning (&f, "5 samples, but 4 came");
  fixture_clear_empty (&f);

  /* the last cluster is missing */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push (&f, rows_record (1));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of 2 clusters 1 came whole");
  fixture_clear_empty (&f);

  /* the first one stops half-way */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  finish (&f, N_SAMPLES);
  assert_warning (&f, "of 2 clusters 0 came whole");
  fixture_clear_empty (&f);
}
GST_END_TEST;

/* the state goes down in the middle: no message, nothing left */
GST_START_TEST (test_cancelled)
{
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  fail_unless_equals_int (count_files (f.dir), 1);
  gst_element_set_state (f.sink, GST_STATE_NULL);
  assert_no_message (&f);
  fixture_clear_empty (&f);
}
GST_END_TEST;

static gpointer
push_end (gpointer data)
{
  finish (data, N_SAMPLES);
  return NULL;
}

static gpointer
to_null (gpointer data)
{
  gst_element_set_state (((Fixture *) data)->sink, GST_STATE_NULL);
  return NULL;
}

/* in the temporary folder, which is alone in dir */
static gchar *
temporary_file (Fixture *f, const gchar *name)
{
  GDir *dir = g_dir_open (f->dir, 0, NULL);
  gchar *path = g_build_filename (f->dir, g_dir_read_name (dir), name, NULL);

  g_dir_close (dir);
  return path;
}

/* Going down while the last files are written: pipes stand for a slow disk,
 * as they cannot be opened for writing before somebody reads. */
GST_START_TEST (test_cancelled_at_end)
{
  g_autofree gchar *array = NULL, *info = NULL;
  GThread *streaming, *down;
  GstPad *pad;
  Fixture f;
  int fds[2];

  fixture_begin (&f, "");
  push_all (&f);
  array = temporary_file (&f, "activations.npz");
  info = temporary_file (&f, "model_info.json");
  fail_unless_equals_int (mkfifo (array, 0600), 0);
  fail_unless_equals_int (mkfifo (info, 0600), 0);
  streaming = g_thread_new ("streaming", push_end, &f);
  fds[0] = g_open (array, O_RDONLY, 0);
  fail_unless (fds[0] >= 0);
  down = g_thread_new ("down", to_null, &f);
  pad = gst_element_get_static_pad (f.sink, "sink");
  while (!GST_PAD_IS_FLUSHING (pad))
    g_thread_yield ();
  gst_object_unref (pad);
  fds[1] = g_open (info, O_RDONLY | O_NONBLOCK, 0);
  fail_unless (fds[1] >= 0);
  g_thread_join (streaming);
  g_thread_join (down);
  close (fds[0]);
  close (fds[1]);
  assert_no_message (&f);
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  GstSegment segment;
  Fixture f;

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  push (&f, rows_record (0));
  push_event (&f, gst_event_new_flush_start ());
  push_event (&f, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  push_event (&f, gst_event_new_segment (&segment));
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_existing_folder)
{
  Fixture f;

  fixture_init (&f, "");
  fail_unless_equals_int (g_mkdir (f.location, 0755), 0);
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, f.location);
  fixture_clear (&f);
}
GST_END_TEST;

/* the old one stays as it is until the new one is whole, and if it never is */
GST_START_TEST (test_overwrite)
{
  g_autofree gchar *old = NULL, *mark = NULL;
  Fixture f;

  fixture_init (&f, "overwrite=true");
  fail_unless_equals_int (g_mkdir (f.location, 0755), 0);
  old = g_build_filename (f.location, "old", NULL);
  fail_unless (g_file_set_contents (old, "x", 1, NULL));
  /* none of ours */
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, "model_info.json");
  gst_element_set_state (f.sink, GST_STATE_NULL);
  mark = g_build_filename (f.location, "model_info.json", NULL);
  fail_unless (g_file_set_contents (mark, "x", 1, NULL));
  fixture_start (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  push_event (&f, gst_event_new_eos ());
  fail_unless (g_file_test (old, G_FILE_TEST_EXISTS));
  assert_warning (&f, "act-complete");
  gst_element_set_state (f.sink, GST_STATE_NULL);
  fail_unless_equals_int (count_files (f.dir), 1);

  fixture_restart (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  fail_unless (g_file_test (old, G_FILE_TEST_EXISTS));
  finish (&f, N_SAMPLES);
  assert_output (&f);
  fail_if (g_file_test (old, G_FILE_TEST_EXISTS));
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_reuse)
{
  g_autofree gchar *second = NULL;
  Fixture f;

  fixture_begin (&f, "");
  push_all (&f);
  finish (&f, N_SAMPLES);
  assert_output (&f);
  gst_element_set_state (f.sink, GST_STATE_NULL);
  second = g_build_filename (f.location, "again", NULL);
  g_object_set (f.sink, "location", second, NULL);
  fixture_restart (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  push_all (&f);
  finish (&f, N_SAMPLES);
  fail_unless_equals_int (count_files (second), 13);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_unwritable)
{
  g_autofree gchar *place = NULL;
  Fixture f;

  /* a file where a folder has to be; permissions do not stop root */
  fixture_init (&f, "");
  place = g_build_filename (f.dir, "file", NULL);
  fail_unless (g_file_set_contents (place, "x", 1, NULL));
  g_free (f.location);
  f.location = g_build_filename (place, "out", NULL);
  g_object_set (f.sink, "location", f.location, NULL);
  fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
      == GST_STATE_CHANGE_FAILURE);
  assert_error (&f, place);
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_bad_properties)
{
  static const struct {
    const gchar *properties, *text;
  } cases[] = {
    { "criteria=\"\"", "criteria" },
    { "criteria=max_activation", "'max_activation'" },
    { "criteria=max_activation-top", "'max_activation-top'" },
    { "criteria=sum_activation-max", "'sum_activation-max'" },
    { "criteria=\"max_activation-max, max_activation-max\"", "twice" },
    { "vocabulary=/nowhere/vocab.json", "/nowhere/vocab.json" },
    { "location=\"\"", "location" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;

    fixture_init (&f, cases[i].properties);
    fail_unless (gst_element_set_state (f.sink, GST_STATE_PAUSED)
        == GST_STATE_CHANGE_FAILURE);
    assert_error (&f, cases[i].text);
    fixture_clear_empty (&f);
  }
}
GST_END_TEST;

GST_START_TEST (test_vocabulary)
{
  g_autofree gchar *file = NULL, *properties = NULL, *texts = NULL;
  Fixture f;

  /* none: said with the first gap, long before the records */
  fixture_init (&f, "");
  fixture_start (&f);
  begin_stream (&f);
  push_event (&f, gst_event_new_gap (0, 1));
  assert_error (&f, "vocabulary");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  push_event (&f, gst_event_new_eos ());
  assert_no_message (&f);
  fixture_clear_empty (&f);

  /* the property's is preferred; "e" has no string there */
  f.dir = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  f.location = g_build_filename (f.dir, "out", NULL);
  file = g_build_filename (f.dir, "vocab.json", NULL);
  fail_unless (
      g_file_set_contents (file, "[\"p\", \"q\", \"r\", \"s\"]", -1, NULL));
  properties = g_strdup_printf ("vocabulary=\"%s\"", file);
  fixture_link (&f, properties);
  fixture_start (&f);
  begin_stream (&f);
  push_assignment (&f);
  push_vocabulary (&f);
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  assert_error (
      &f, "sample 101, position 1: the vocabulary of 4 has no token 4");
  fixture_clear (&f);
}
GST_END_TEST;

GST_START_TEST (test_bad_tokens)
{
  static const gint32 large[] = { 0, 1, 2, 3, 4, 5, 0, 1, 2, 2, 2, 2 };
  static const gint32 negative[] = { -1, 1, 2, 3, 4, 0, 0, 1, 2, 2, 2, 2 };
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, large)), GST_FLOW_ERROR);
  assert_error (&f, "sample 101, position 2");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, negative)), GST_FLOW_ERROR);
  assert_error (&f, "no token -1");
  fixture_clear_empty (&f);
}
GST_END_TEST;

/* records in any other order than a store's */
GST_START_TEST (test_bad_order)
{
  GstBuffer *buffer;
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, rows_record (0)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (1, 3, tokens)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  fail_unless_equals_int (
      gst_pad_push (f.src, rows_record (1)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  fail_unless_equals_int (
      gst_pad_push (f.src, silent_record (1)), GST_FLOW_ERROR);
  assert_error (&f, "out of order");
  fixture_clear_empty (&f);

  /* a row of a sample that the run does not have */
  fixture_begin (&f, "");
  push (&f, samples_record (0, 4, tokens));
  buffer = rows_record (0);
  {
    GstActRecordMeta *meta = gst_act_record_meta_get (buffer);
    GstMapInfo map;

    gst_memory_map (gst_buffer_peek_memory (
                        buffer, meta->block[GST_ACT_RECORD_BLOCK_SAMPLES]),
        &map, GST_MAP_WRITE);
    *(guint64 *) map.data = 99;
    gst_memory_unmap (map.memory, &map);
  }
  fail_unless_equals_int (gst_pad_push (f.src, buffer), GST_FLOW_ERROR);
  assert_error (&f, "sample 99");
  fixture_clear_empty (&f);

  /* no record at all */
  fixture_begin (&f, "");
  fail_unless_equals_int (
      gst_pad_push (f.src, gst_buffer_new ()), GST_FLOW_ERROR);
  assert_error (&f, "GstActRecordMeta");
  fixture_clear_empty (&f);
}
GST_END_TEST;

GST_START_TEST (test_no_assignment)
{
  Fixture f;

  fixture_init (&f, "");
  fixture_start (&f);
  begin_stream (&f);
  push_vocabulary (&f);
  fail_unless_equals_int (
      gst_pad_push (f.src, samples_record (0, 4, tokens)), GST_FLOW_ERROR);
  assert_error (&f, "act-assignment");
  fixture_clear_empty (&f);
}
GST_END_TEST;

/* whatever the size at which files stop growing: one clear error, and nothing
 * left. No fail_unless in between: the test program writes to a file too. */
static void
run_with_limit (rlim_t size)
{
  struct rlimit old, limit;
  Fixture f;

  fixture_begin (&f, "");
  fail_unless_equals_int (getrlimit (RLIMIT_FSIZE, &old), 0);
  limit = old;
  limit.rlim_cur = size;
  setrlimit (RLIMIT_FSIZE, &limit);
  gst_pad_push (f.src, samples_record (0, 4, tokens));
  gst_pad_push (f.src, rows_record (0));
  gst_pad_push (f.src, rows_record (1));
  gst_pad_push (f.src, silent_record (1));
  finish (&f, N_SAMPLES);
  setrlimit (RLIMIT_FSIZE, &old);
  assert_error (&f, f.dir);
  fixture_clear_empty (&f);
}

GST_START_TEST (test_full_disk)
{
  static const rlim_t sizes[] = { 0, 5, 64, 200, 500, 1000 };

  signal (SIGXFSZ, SIG_IGN);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    run_with_limit (sizes[i]);
}
GST_END_TEST;

static Suite *
actdashboardsink_suite (void)
{
  Suite *s = suite_create ("actdashboardsink");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_dashboard);
  tcase_add_test (tc, test_info_files);
  tcase_add_test (tc, test_component_records);
  tcase_add_test (tc, test_facts);
  tcase_add_test (tc, test_components_out_of_order);
  tcase_add_test (tc, test_component_not_finite);
  tcase_add_test (tc, test_bad_member_coactivations);
  tcase_add_test (tc, test_all_silent);
  tcase_add_test (tc, test_empty);
  tcase_add_test (tc, test_incomplete);
  tcase_add_test (tc, test_cancelled);
  tcase_add_test (tc, test_cancelled_at_end);
  tcase_add_test (tc, test_flush);
  tcase_add_test (tc, test_existing_folder);
  tcase_add_test (tc, test_overwrite);
  tcase_add_test (tc, test_reuse);
  tcase_add_test (tc, test_unwritable);
  tcase_add_test (tc, test_bad_properties);
  tcase_add_test (tc, test_vocabulary);
  tcase_add_test (tc, test_bad_tokens);
  tcase_add_test (tc, test_bad_order);
  tcase_add_test (tc, test_no_assignment);
  tcase_add_test (tc, test_full_disk);
  return s;
}

GST_CHECK_MAIN (actdashboardsink);
