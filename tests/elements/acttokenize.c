/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "collect.h"
#include "tokenizer/tokenizer.h"

#define EOT 1023

static gchar *
tokenizer_file (void)
{
  return g_build_filename (
      g_getenv ("ACT_TEST_SAMPLE"), "tokenizer.json", NULL);
}

static GArray *
encode (const gchar *text)
{
  static ActTokenizer *tokenizer;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (tokenizer == NULL) {
    g_autofree gchar *file = tokenizer_file ();

    tokenizer = act_tokenizer_new_from_file (file, NULL);
  }
  g_assert_true (
      act_tokenizer_encode (tokenizer, text, strlen (text), ids, NULL));
  return ids;
}

static GstHarness *
harness (const gchar *properties)
{
  g_autofree gchar *file = tokenizer_file ();
  g_autofree gchar *line =
      g_strdup_printf ("acttokenize tokenizer=%s %s", file, properties);
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps_str (h, "text/x-raw, format=utf8");
  return h;
}

static GstBuffer *
text_buffer (const gchar *text)
{
  return gst_buffer_new_memdup (text, strlen (text));
}

static GstFlowReturn
push_text (GstHarness *h, const gchar *text)
{
  return gst_harness_push (h, text_buffer (text));
}

static void
push_complete (GstHarness *h, guint64 n)
{
  g_assert_true (gst_harness_push_event (h, gst_act_event_new_complete (n)));
}

/* the act-complete among the events that came out, -1 if there is none */
static gint64
pull_complete (GstHarness *h)
{
  gint64 complete = -1;
  GstEvent *event;
  guint64 n;

  while ((event = gst_harness_try_pull_event (h)) != NULL) {
    if (gst_act_event_parse_complete (event, &n)) {
      g_assert_cmpint (complete, ==, -1);
      complete = (gint64) n;
    }
    gst_event_unref (event);
  }
  return complete;
}

/* checks a batch against a part of the tokens */
static void
assert_batch (GstHarness *h, guint64 index, guint64 first, guint n_samples,
    guint n_ctx, const gint32 *tokens)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, NULL);
  g_autoptr (GError) error = NULL;
  GstBuffer *buffer = gst_harness_try_pull (h);
  GstActBatch batch;

  g_assert_nonnull (buffer);
  g_assert_nonnull (info);
  g_assert_true (
      gst_act_batch_map (&batch, buffer, info, GST_ACT_MAP_TOKENS, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (batch.batch_index, ==, index);
  g_assert_cmpuint (batch.first_sample, ==, first);
  g_assert_cmpuint (GST_BUFFER_OFFSET_END (buffer), ==, first + n_samples);
  g_assert_cmpuint (batch.n_samples, ==, n_samples);
  g_assert_cmpuint (batch.sequence_length, ==, n_ctx);
  g_assert_cmpmem (batch.tokens, n_samples * n_ctx * sizeof (gint32), tokens,
      n_samples * n_ctx * sizeof (gint32));
  gst_act_batch_unmap (&batch);
  gst_buffer_unref (buffer);
}

#define ONE "The quick brown fox jumps over the lazy dog. "
#define TWO "Pack my box with five dozen liquor jugs, and do it at once!\n"
#define THREE "short"

/* end-of-text, document, end-of-text, ... */
static GArray *
joined (const gchar *const *texts)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (gint32));
  gint32 eot = EOT;

  for (guint i = 0; texts[i] != NULL; i++) {
    GArray *ids = encode (texts[i]);

    g_array_append_val (all, eot);
    g_array_append_vals (all, ids->data, ids->len);
    g_array_unref (ids);
  }
  return all;
}

GST_START_TEST (test_concat)
{
  static const gchar *const texts[] = { ONE, TWO, THREE, NULL };
  GstHarness *h = harness ("n-ctx=5 batch-size=3");
  g_autoptr (GArray) all = joined (texts);
  const gint32 *tokens = (const gint32 *) (gpointer) all->data;
  guint n_samples = all->len / 5, n_full = n_samples / 3;

  for (guint i = 0; i < 3; i++) {
    if (i == 2)
      push_complete (h, 3);
    g_assert_cmpint (push_text (h, texts[i]), ==, GST_FLOW_OK);
  }
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, n_full);
  g_assert_cmpint (pull_complete (h), ==, -1);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, n_samples);
  g_assert_cmpuint (n_samples % 3, >, 0);
  for (guint b = 0; b <= n_full; b++)
    assert_batch (
        h, b, 3 * b, b < n_full ? 3 : n_samples % 3, 5, tokens + 15 * b);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* what is set in the middle of a run is for the next */
static guint longest;

static gboolean
answer (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (longest == 0 || !gst_act_query_is_sample_length (query))
    return gst_pad_query_default (pad, parent, query);
  gst_act_query_set_sample_length (query, longest);
  return TRUE;
}

/* n-ctx not set, before something that takes so many tokens; 0: any number */
static void
assert_length (guint most, const gchar *properties, guint expected)
{
  g_autofree gchar *file = tokenizer_file ();
  g_autofree gchar *line =
      g_strdup_printf ("acttokenize tokenizer=%s %s", file, properties);
  GstHarness *h = gst_harness_new_parse (line);
  g_autoptr (GstActInfo) info = NULL;
  g_autoptr (GstCaps) caps = NULL;

  gst_element_set_state (h->element, GST_STATE_READY);
  longest = most;
  gst_pad_set_query_function (h->sinkpad, answer);
  gst_element_set_state (h->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (h, "text/x-raw, format=utf8");
  g_assert_cmpint (push_text (h, ONE), ==, GST_FLOW_OK);
  caps = gst_pad_get_current_caps (h->sinkpad);
  info = gst_act_info_new_from_caps (caps, NULL);
  g_assert_cmpuint (info->sequence_length, ==, expected);
  gst_harness_teardown (h);
}

GST_START_TEST (test_sample_length)
{
  assert_length (0, "", 128);
  assert_length (48, "", 48);
  assert_length (1024, "", 128);
  assert_length (48, "n-ctx=0", 48);
  assert_length (48, "n-ctx=64", 64);
}
GST_END_TEST;

GST_START_TEST (test_set_in_run)
{
  static const gchar *const texts[] = { ONE, TWO, NULL };
  GstHarness *h = harness ("n-ctx=5 batch-size=2");
  GstElement *tokenize = gst_harness_find_element (h, "acttokenize");
  g_autoptr (GArray) all = joined (texts);
  const gint32 *tokens = (const gint32 *) (gpointer) all->data;

  g_assert_cmpint (push_text (h, ONE), ==, GST_FLOW_OK);
  g_object_set (tokenize, "n-ctx", 4096, "batch-size", 1, NULL);
  gst_util_set_object_arg (G_OBJECT (tokenize), "packing", "document");
  g_assert_cmpint (push_text (h, TWO), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, all->len / 10);
  for (guint b = 0; b < all->len / 10; b++)
    assert_batch (h, b, 2 * b, 2, 5, tokens + 10 * b);
  gst_object_unref (tokenize);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_document)
{
  static const gchar *const texts[] = { ONE, THREE, TWO, NULL };
  GstHarness *h = harness ("n-ctx=6 batch-size=2 packing=document");
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (gint32));
  const gint32 *tokens;
  guint n_samples;

  for (guint i = 0; texts[i] != NULL; i++) {
    g_autoptr (GArray) ids = encode (texts[i]);

    g_array_append_vals (all, ids->data, ids->len - ids->len % 6);
  }
  tokens = (const gint32 *) (gpointer) all->data;
  n_samples = all->len / 6;
  push_complete (h, 3);
  for (guint i = 0; texts[i] != NULL; i++)
    g_assert_cmpint (push_text (h, texts[i]), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, n_samples);
  for (guint first = 0; first < n_samples; first += 2)
    assert_batch (
        h, first / 2, first, MIN (2, n_samples - first), 6, tokens + 6 * first);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* BERT's tokens round each document; a file that has none of its own falls
 * back on the end-of-text token */
GST_START_TEST (test_special_tokens)
{
  static const gchar bert[] =
      "{\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},"
      "\"post_processor\":{\"type\":\"BertProcessing\","
      "\"cls\":[\"[CLS]\",3],\"sep\":[\"[SEP]\",4]},"
      "\"model\":{\"type\":\"WordPiece\",\"vocab\":"
      "{\"a\":0,\"b\":1,\"##b\":2,\"[CLS]\":3,\"[SEP]\":4}}}";
  const gint32 expected[] = { 3, 0, 2, 4, 3, 1, 4, 3 };
  g_autofree gchar *file = NULL;
  g_autofree gchar *line = NULL;
  g_autoptr (GArray) joined_ids = NULL;
  static const gchar *const texts[] = { ONE, NULL };
  GstHarness *h;
  gint fd = g_file_open_tmp ("act-XXXXXX.json", &file, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (file, bert, -1, NULL));
  line = g_strdup_printf (
      "acttokenize tokenizer=%s n-ctx=4 batch-size=2 add-special-tokens=true",
      file);
  h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (h, "text/x-raw, format=utf8");
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (push_text (h, "ab"), ==, GST_FLOW_OK);
    g_assert_cmpint (push_text (h, "b"), ==, GST_FLOW_OK);
  }
  assert_batch (h, 0, 0, 2, 4, expected);
  gst_harness_teardown (h);
  g_unlink (file);

  joined_ids = joined (texts);
  h = harness ("n-ctx=4 batch-size=1 add-special-tokens=true");
  g_assert_cmpint (push_text (h, ONE), ==, GST_FLOW_OK);
  assert_batch (h, 0, 0, 1, 4, (const gint32 *) (gpointer) joined_ids->data);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_eos_token)
{
  GstHarness *h = harness ("n-ctx=2 packing=document eos-token=\"Ġa\"");
  g_autoptr (GArray) ids = encode ("Zq");
  gint32 expected[2];

  push_text (h, "Zq");
  gst_harness_push_event (h, gst_event_new_eos ());
  expected[0] = 263; /* " a" in the sample's vocabulary */
  expected[1] = g_array_index (ids, gint32, 0);
  assert_batch (h, 0, 0, 1, 2, expected);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_stream)
{
  GstHarness *h = harness ("n-ctx=4 batch-size=7");
  g_autoptr (GstCaps) caps = NULL;
  GstStructure *s;
  GstEvent *event;
  GstActVocabulary *vocabulary;
  const gchar *fingerprint;
  gboolean segment_before = FALSE, has_vocabulary = FALSE;

  push_text (h, ONE);
  caps = gst_pad_get_current_caps (h->sinkpad);
  s = gst_caps_get_structure (caps, 0);
  g_assert_cmpstr (gst_structure_get_name (s), ==, GST_ACT_MEDIA_TYPE_TOKENS);
  gst_check_caps_equal (caps, caps);
  fingerprint = gst_structure_get_string (s, "tokenizer");
  g_assert_cmpuint (strlen (fingerprint), ==, 64);
  {
    gint batch_size, n_ctx, vocab_size;

    g_assert_true (gst_structure_get (s, "batch-size", G_TYPE_INT, &batch_size,
        "sequence-length", G_TYPE_INT, &n_ctx, "vocab-size", G_TYPE_INT,
        &vocab_size, NULL));
    g_assert_cmpint (batch_size, ==, 7);
    g_assert_cmpint (n_ctx, ==, 4);
    g_assert_cmpint (vocab_size, ==, 1024);
  }
  while ((event = gst_harness_try_pull_event (h)) != NULL) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
      const GstSegment *segment;

      gst_event_parse_segment (event, &segment);
      g_assert_cmpint (segment->format, ==, GST_FORMAT_DEFAULT);
      segment_before = TRUE;
    } else if (gst_act_event_parse_vocabulary (event, &vocabulary)) {
      g_assert_true (segment_before);
      g_assert_true (GST_EVENT_IS_STICKY (event));
      g_assert_cmpuint (gst_act_vocabulary_get_size (vocabulary), ==, 1024);
      g_assert_cmpstr (gst_act_vocabulary_get_string (vocabulary, EOT, NULL),
          ==, "<|endoftext|>");
      gst_act_vocabulary_unref (vocabulary);
      has_vocabulary = TRUE;
    }
    gst_event_unref (event);
  }
  g_assert_true (has_vocabulary);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* the announcement goes on only if all documents came */
GST_START_TEST (test_incomplete)
{
  static const struct {
    gint announced; /* -1: not at all */
    gint64 expected;
  } cases[] = { { 1, 2 }, { 2, -1 }, { 0, -1 }, { -1, -1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness ("n-ctx=8");

    if (cases[i].announced >= 0)
      push_complete (h, (guint64) cases[i].announced);
    push_text (h, ONE);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_assert_cmpint (pull_complete (h) >= 0, ==, cases[i].expected >= 0);
    g_assert_cmpuint (gst_harness_buffers_received (h), ==, 1);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

GST_START_TEST (test_too_short)
{
  GstHarness *h = harness ("n-ctx=100");

  push_complete (h, 1);
  g_assert_cmpint (push_text (h, THREE), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, 0);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);

  /* no document at all; caps come all the same */
  h = harness ("n-ctx=100");
  push_complete (h, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, 0);
  {
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);

    g_assert_nonnull (caps);
  }
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_flush)
{
  static const gchar *const texts[] = { ONE, NULL };
  GstHarness *h = harness (__i__ == 0
          ? "n-ctx=4 batch-size=100"
          : "n-ctx=4 batch-size=100 shard-count=2 shard-index=1");
  g_autoptr (GArray) all = joined (texts);
  GstSegment segment;

  /* what came before the flush is gone, counts too */
  push_text (h, TWO);
  push_text (h, THREE);
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_DEFAULT);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_complete (h, 1);
  g_assert_cmpint (push_text (h, ONE), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, all->len / 4);
  assert_batch (
      h, 0, 0, all->len / 4, 4, (const gint32 *) (gpointer) all->data);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_not_utf8)
{
  GstHarness *h = harness ("n-ctx=4");
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (h->element, bus);
  g_assert_cmpint (push_text (h, ONE), ==, GST_FLOW_OK);
  g_assert_cmpint (push_text (h, "ab\xff"), ==, GST_FLOW_ERROR);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, "document 1"));
  g_assert_nonnull (strstr (error->message, "byte 2"));
  /* EOS comes after errors too, and the one good document is no whole run */
  push_complete (h, 1);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, -1);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;

GST_START_TEST (test_queries)
{
  GstHarness *h = harness ("n-ctx=4 batch-size=1");
  g_autoptr (GArray) ids = encode (ONE);
  gint64 value;

  push_text (h, ONE);
  g_assert_true (
      gst_pad_peer_query_position (h->sinkpad, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, (ids->len + 1) / 4);
  g_assert_false (
      gst_pad_peer_query_duration (h->sinkpad, GST_FORMAT_DEFAULT, &value));
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_true (
      gst_pad_peer_query_duration (h->sinkpad, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, (ids->len + 1) / 4);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* how far the source of the harness says it is, in bytes */
static gint64 source_position;
#define SOURCE_DURATION 40

static gboolean
source_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstFormat format = GST_FORMAT_UNDEFINED;

  if (GST_QUERY_TYPE (query) == GST_QUERY_POSITION)
    gst_query_parse_position (query, &format, NULL);
  else if (GST_QUERY_TYPE (query) == GST_QUERY_DURATION)
    gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_BYTES)
    return gst_pad_query_default (pad, parent, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_POSITION)
    gst_query_set_position (query, format, source_position);
  else
    gst_query_set_duration (query, format, SOURCE_DURATION);
  return TRUE;
}

/* the last act-progress; the messages before it are dropped */
static void
assert_progress (GstBus *bus, guint64 done, guint64 total, gboolean estimate)
{
  GstMessage *message, *last = NULL;
  guint64 values[2];
  const gchar *unit;

  while ((message = gst_bus_pop (bus)) != NULL) {
    if (gst_act_message_parse_progress (message, &unit, &values[0], &values[1]))
      gst_message_replace (&last, message);
    gst_message_unref (message);
  }
  g_assert_nonnull (last);
  g_assert_true (
      gst_act_message_parse_progress (last, &unit, &values[0], &values[1]));
  g_assert_cmpstr (unit, ==, "samples");
  g_assert_cmpuint (values[0], ==, done);
  g_assert_cmpuint (values[1], ==, total);
  g_assert_cmpint (gst_act_message_progress_is_estimate (last), ==, estimate);
  gst_message_unref (last);
}

static void
assert_duration (GstHarness *h, gint64 expected)
{
  gint64 value;

  g_assert_true (
      gst_pad_peer_query_duration (h->sinkpad, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, expected);
}

GST_START_TEST (test_estimate)
{
  static const gchar *const texts[] = { ONE, TWO, NULL };
  GstHarness *h = harness ("n-ctx=4 batch-size=1000");
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GArray) one = encode (ONE), all = joined (texts);
  gint64 value;

  gst_element_set_bus (h->element, bus);
  gst_pad_set_query_function (h->srcpad, source_query);
  source_position = 0;
  push_complete (h, 2);
  g_assert_false (
      gst_pad_peer_query_duration (h->sinkpad, GST_FORMAT_DEFAULT, &value));
  /* two fifths are read; nothing went out yet, but what is made counts */
  source_position = 16;
  push_text (h, ONE);
  assert_duration (h, (one->len + 1) * 5 / 2 / 4);
  /* the last document makes it exact, before the end of the stream */
  source_position = SOURCE_DURATION;
  push_text (h, TWO);
  assert_duration (h, all->len / 4);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  assert_duration (h, all->len / 4);
  assert_progress (bus, all->len / 4, all->len / 4, FALSE);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* where the shard ends, counted from the beginning of the run */
GST_START_TEST (test_estimate_of_shard)
{
  static const gchar *const texts[] = { ONE, TWO, NULL };
  GstHarness *h = harness ("n-ctx=4 batch-size=1 shard-count=2");
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GArray) one = encode (ONE), all = joined (texts);
  gint64 position;

  gst_element_set_bus (h->element, bus);
  gst_pad_set_query_function (h->srcpad, source_query);
  push_complete (h, 2);
  source_position = 16;
  push_text (h, ONE);
  assert_duration (h, (one->len + 1) * 5 / 2 / 4 / 2);
  push_text (h, TWO);
  assert_duration (h, all->len / 4 / 2);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 0);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, all->len / 4 / 2);
  assert_duration (h, all->len / 4 / 2);
  g_assert_true (
      gst_pad_peer_query_position (h->sinkpad, GST_FORMAT_DEFAULT, &position));
  g_assert_cmpint (position, ==, all->len / 4 / 2);
  assert_progress (bus, all->len / 4 / 2, all->len / 4 / 2, FALSE);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* of a text that did not come whole nobody knows the shards */
GST_START_TEST (test_shard_of_part)
{
  GstHarness *h = harness ("n-ctx=4 batch-size=1 shard-count=2");

  push_complete (h, 2);
  push_text (h, ONE);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_assert_cmpint (pull_complete (h), ==, -1);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 0);
  gst_harness_teardown (h);
}
GST_END_TEST;

/* a document whose bytes are all read makes the batches of half the text */
GST_START_TEST (test_estimate_large_document)
{
  GstHarness *h = harness ("n-ctx=2 batch-size=1");
  g_autoptr (GArray) one = encode (ONE);

  gst_pad_set_query_function (h->srcpad, source_query);
  source_position = SOURCE_DURATION / 2;
  push_text (h, ONE);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, (one->len + 1) / 2);
  assert_duration (h, one->len + 1);
  gst_harness_teardown (h);
}
GST_END_TEST;

static void
assert_start_fails (const gchar *properties, const gchar *says)
{
  g_autofree gchar *line = g_strdup_printf (
      "fakesrc num-buffers=0 ! acttokenize %s ! fakesink name=sink",
      properties);
  g_autoptr (Collected) c = collect (line, NULL);

  g_assert_nonnull (c->error);
  fail_unless (
      strstr (c->error, says) != NULL, "'%s' is not in: %s", says, c->error);
}

GST_START_TEST (test_bad_properties)
{
  g_autofree gchar *file = tokenizer_file ();
  g_autofree gchar *no_eos = NULL, *large = NULL, *other = NULL;
  g_autofree gchar *unknown =
      g_strdup_printf ("tokenizer=%s eos-token=\"<|no such|>\"", file);

  assert_start_fails ("", "'tokenizer' is not set");
  assert_start_fails ("tokenizer=/no/such.json", "/no/such.json");
  assert_start_fails (unknown, "<|no such|>");
  large =
      g_strdup_printf ("tokenizer=%s n-ctx=1048576 batch-size=1048576", file);
  assert_start_fails (large, "too large");

  g_assert_cmpint (
      g_file_open_tmp ("act-tokenizer-XXXXXX.json", &other, NULL), >=, 0);
  g_assert_true (g_file_set_contents (other,
      "{\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\","
      "\"vocab\":{\"a\":0},\"merges\":[]}}",
      -1, NULL));
  no_eos = g_strdup_printf ("tokenizer=%s", other);
  assert_start_fails (no_eos, "<|endoftext|>");
  g_assert_true (g_file_set_contents (other,
      "{\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"},\"model\":{}}", -1,
      NULL));
  assert_start_fails (no_eos, "pre_tokenizer 'UnicodeScripts'");
  g_unlink (other);
}
GST_END_TEST;

/* the whole of it, with a queue between, several times */
GST_START_TEST (test_pipeline)
{
  g_autofree gchar *file = tokenizer_file ();
  g_autofree gchar *readme =
      g_build_filename (g_getenv ("ACT_TEST_SAMPLE"), "README.md", NULL);
  g_autofree gchar *line = g_strdup_printf (
      "acttextsrc location=%s format=lines ! queue ! acttokenize tokenizer=%s "
      "n-ctx=16 batch-size=8 ! queue ! fakesink name=sink",
      readme, file);
  GstElement *pipeline = gst_parse_launch (line, NULL);

  for (guint i = 0; i < 3; i++) {
    g_autoptr (Collected) c = collect_pipeline (pipeline, "act-tokenized");
    guint64 samples, documents, dropped;

    g_assert_cmpstr (c->error, ==, NULL);
    g_assert_true (gst_structure_get (c->summary, "samples", G_TYPE_UINT64,
        &samples, "documents", G_TYPE_UINT64, &documents, "dropped-tokens",
        G_TYPE_UINT64, &dropped, NULL));
    g_assert_cmpuint (samples, >, 100);
    g_assert_cmpuint (documents, >, 50);
    g_assert_cmpuint (dropped, <, 16);
    g_assert_cmpint (c->complete, ==, (gint64) samples);
    g_assert_cmpuint (c->samples_done, ==, samples);
    g_assert_cmpuint (c->samples_total, ==, samples);
    g_assert_cmpuint (c->buffers->len, ==, (samples + 7) / 8);
    g_assert_true (c->has_vocabulary);
    g_assert_true (c->segment_format_is_default);
  }
  gst_object_unref (pipeline);
}
GST_END_TEST;

/* an error upstream, at the last document: EOS may come, success not */
GST_START_TEST (test_upstream_error)
{
  g_autofree gchar *file = tokenizer_file (), *path = NULL, *line = NULL;
  g_autoptr (Collected) c = NULL;

  g_assert_cmpint (g_file_open_tmp ("act-text-XXXXXX.txt", &path, NULL), >=, 0);
  g_assert_true (g_file_set_contents (path, ONE "\n" TWO "\xff\n", -1, NULL));
  line = g_strdup_printf ("acttextsrc location=%s format=lines ! acttokenize "
                          "tokenizer=%s n-ctx=4 ! queue ! fakesink name=sink",
      path, file);
  c = collect (line, NULL);
  g_assert_nonnull (c->error);
  g_assert_cmpint (c->complete, ==, -1);
  g_unlink (path);
}
GST_END_TEST;

static Suite *
acttokenize_suite (void)
{
  Suite *s = suite_create ("acttokenize");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_concat);
  tcase_add_test (tc, test_sample_length);
  tcase_add_test (tc, test_set_in_run);
  tcase_add_test (tc, test_document);
  tcase_add_test (tc, test_special_tokens);
  tcase_add_test (tc, test_eos_token);
  tcase_add_test (tc, test_stream);
  tcase_add_test (tc, test_incomplete);
  tcase_add_test (tc, test_too_short);
  tcase_add_loop_test (tc, test_flush, 0, 2);
  tcase_add_test (tc, test_not_utf8);
  tcase_add_test (tc, test_queries);
  tcase_add_test (tc, test_estimate);
  tcase_add_test (tc, test_estimate_large_document);
  tcase_add_test (tc, test_estimate_of_shard);
  tcase_add_test (tc, test_shard_of_part);
  tcase_add_test (tc, test_bad_properties);
  tcase_add_test (tc, test_pipeline);
  tcase_add_test (tc, test_upstream_error);
  return s;
}

GST_CHECK_MAIN (acttokenize);
