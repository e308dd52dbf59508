/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboardrecords.h"

#include "formats/zip.h"

#include <glib/gstdio.h>
#include <string.h>

/* four samples of three positions, two clusters of four components */
#define CAPS                                                                   \
  "application/x-act-records, sequence-length=3, vocab-size=5, "               \
  "modules=(string)<m>, components=(int)<4>, clusters=2, assignment=abc, "     \
  "reduction=max"

const gint32 tokens[N_SAMPLES * N_CTX] = { 0, 1, 2, 3, 4, 0, 0, 1, 2, 2, 2, 2 };

void
push_event (Fixture *f, GstEvent *event)
{
  gst_pad_push_event (f->src, event);
}

void
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

void
push_vocabulary (Fixture *f)
{
  static const gchar *const strings[] = { "a", "b", "c", "d",
    "\xc4\xa0"
    "e" };
  GstActVocabulary *vocabulary = gst_act_vocabulary_new (strings, 5);

  push_event (f, gst_act_event_new_vocabulary (vocabulary));
  gst_act_vocabulary_unref (vocabulary);
}

void
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

void
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

void
fixture_init (Fixture *f, const gchar *properties)
{
  f->dir = g_dir_make_tmp ("act-dashboard-XXXXXX", NULL);
  f->location = g_build_filename (f->dir, "out put", NULL);
  fixture_link (f, properties);
}

void
fixture_start (Fixture *f)
{
  fail_unless (gst_element_set_state (f->sink, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_SUCCESS);
}

void
fixture_restart (Fixture *f)
{
  gst_pad_set_active (f->src, FALSE);
  gst_pad_set_active (f->src, TRUE);
  fixture_start (f);
}

void
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

guint
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

void
fixture_clear (Fixture *f)
{
  fixture_unlink (f);
  remove_folder (f->dir);
  g_free (f->dir);
  g_free (f->location);
}

void
fixture_clear_empty (Fixture *f)
{
  fixture_unlink (f);
  fail_unless_equals_int (count_files (f->dir), 0);
  remove_folder (f->dir);
  g_free (f->dir);
  g_free (f->location);
}

void
set_block (
    GstBuffer *buffer, GstActRecordBlock block, gconstpointer data, gsize size)
{
  gpointer to;
  GstMemory *memory = gst_act_memory_new (size, &to);

  memcpy (to, data, size);
  fail_unless (gst_act_record_set_block (buffer, block, memory, NULL));
}

GstBuffer *
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

GstBuffer *
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

GstBuffer *
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

void
push (Fixture *f, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_pad_push (f->src, buffer), GST_FLOW_OK);
}

void
push_refused (Fixture *f, GstBuffer *buffer)
{
  fail_unless_equals_int (gst_pad_push (f->src, buffer), GST_FLOW_ERROR);
}

void
push_all (Fixture *f)
{
  push (f, samples_record (0, 3, tokens));
  push (f, samples_record (3, 1, tokens));
  push (f, rows_record (0));
  push (f, rows_record (1));
  push (f, silent_record (1));
}

void
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

void
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

void
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

void
assert_output (Fixture *f)
{
  assert_output_of (f, 13);
}

void
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

void
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

gchar *
contents (Fixture *f, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (f->location, name, NULL);
  gchar *text = NULL;

  fail_unless (g_file_get_contents (path, &text, NULL, NULL), "no %s", name);
  return text;
}

ActNpy *
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

GstBuffer *
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

GstBuffer *
component_record (guint cluster, gint member, GstActRecordFlags flags)
{
  return component_record_of (cluster, member, flags, 0.75f);
}

GstBuffer *
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
