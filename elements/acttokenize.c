/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-acttokenize
 * @short_description: text to batches of token ids
 *
 * Sink: UTF-8 text, a document a buffer.
 * Src: int32 ids [n_samples, n-ctx], batch-size samples a buffer, the last
 * buffer may have less.
 *
 * Unless n-ctx says how long samples are they have as many tokens as the model
 * behind takes, and at most 128; without one, 128.
 *
 * With packing=concat all documents, each behind an end-of-text token, make
 * one row of tokens that is cut every n-ctx tokens. With packing=document each
 * document is cut by itself. With add-special-tokens the tokenizer's own tokens
 * (its post_processor's) are round each document. What is left over is dropped,
 * and counted in an element message `act-tokenized`. The first batch follows
 * the sticky event `act-vocabulary`. If every document that upstream announced
 * came, `act-complete` with the number of samples goes before the end.
 *
 * With shard-count, the batches are cut into as many parts of (nearly) the
 * same number, of which shard-index says the one to give. How many there are
 * is known at the end of the text, so all of it is tokenized first, and waits
 * in a file of 4 bytes a token in the folder for temporary files. Batches that
 * a store downstream holds already are left out (see skip-stored), and count
 * in act-complete all the same.
 *
 * With tokens-digest or post-digests, too, all text is tokenized first. Then
 * the tokens of the shard are compared with those of a plan, and the element
 * message `act-digests` has a number for each batch of the run, see
 * docs/formats.md.
 *
 * Position and duration in samples are answered here. Until the last document
 * is tokenized, the duration is an estimate: the samples made so far, times
 * the bytes of all text by those that are consumed, as the source tells them.
 * `act-progress` in samples, marked as an estimate as long as it is one, goes
 * with it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 acttextsrc location=/usr/share/common-licenses/GPL-3 !
 * acttokenize tokenizer=samples/licences-model/tokenizer.json n-ctx=128
 * batch-size=32 ! fakesink
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "acttokenize.h"

#include <gst/activations/activations.h>
#include <string.h>

#include "tokenbatches.h"
#include "tokenizer/tokenizer.h"

GST_DEBUG_CATEGORY_EXTERN (act_text_debug);
#define GST_CAT_DEFAULT act_text_debug

#define USUAL_N_CTX 128 /* unless the model takes fewer */
#define DEFAULT_BATCH_SIZE 32
#define DEFAULT_EOS_TOKEN "<|endoftext|>"
#define PROGRESS_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

typedef enum {
  PACKING_CONCAT,
  PACKING_DOCUMENT,
} GstActPacking;

/* what a batch looks like */
typedef struct {
  guint n_ctx;
  guint batch_size;
  GstActPacking packing;
  gboolean add_special_tokens;
  GstActShard shard;
} Settings;

struct _GstActTokenize {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  gchar *tokenizer_file;
  Settings settings;
  gchar *eos_token;

  /* from READY to PAUSED and back */
  Settings run; /* the properties as they were then */
  ActTokenizer *tokenizer;
  GstActVocabulary *vocabulary;
  gint32 eos_id; /* what documents begin with; -1: nothing */

  /* of the run, by the streaming thread */
  GstActTokenBatches batches;
  gboolean started;    /* caps, segment and vocabulary went out */
  gboolean text_ended; /* and what is left goes out */
  guint32 seqnum;
  gboolean failed;    /* a document or a batch */
  gboolean announced; /* upstream said how many documents there are */
  guint64 n_announced;
  guint64 n_documents;
  guint64 n_dropped;                   /* tokens */
  gint64 last_progress, last_estimate; /* monotonic time */

  /* with the object lock */
  guint64 next;       /* sample that comes next */
  guint64 first, end; /* samples of the shard; end is 0: not known */
  gboolean exact;     /* they are no estimate */
};

enum {
  PROP_TOKENIZER = 1,
  PROP_N_CTX,
  PROP_BATCH_SIZE,
  PROP_PACKING,
  PROP_EOS_TOKEN,
  PROP_ADD_SPECIAL_TOKENS,
  PROP_SHARD,
  N_PROPS = PROP_SHARD + GST_ACT_SHARD_N_PROPS
};
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_TEXT_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_TOKENS_CAPS));

#define GST_TYPE_ACT_PACKING (gst_act_packing_get_type ())
static GType
gst_act_packing_get_type (void)
{
  static const GEnumValue values[] = {
    { PACKING_CONCAT,
        "All documents in one row, each behind an end-of-text token",
        "concat" },
    { PACKING_DOCUMENT, "Samples of each document by itself", "document" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstActPacking", values));
  return type;
}

#define gst_act_tokenize_parent_class parent_class
G_DEFINE_TYPE (GstActTokenize, gst_act_tokenize, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (
    acttokenize, "acttokenize", GST_RANK_NONE, GST_TYPE_ACT_TOKENIZE)

static void
gst_act_tokenize_finalize (GObject *object)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (object);

  g_free (self->tokenizer_file);
  g_free (self->eos_token);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
gst_act_tokenize_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (object);

  switch (id) {
  case PROP_TOKENIZER:
    g_free (self->tokenizer_file);
    self->tokenizer_file = g_value_dup_string (value);
    break;
  case PROP_N_CTX:
    self->settings.n_ctx = g_value_get_uint (value);
    break;
  case PROP_BATCH_SIZE:
    self->settings.batch_size = g_value_get_uint (value);
    break;
  case PROP_PACKING:
    self->settings.packing = g_value_get_enum (value);
    break;
  case PROP_EOS_TOKEN:
    g_free (self->eos_token);
    self->eos_token = g_value_dup_string (value);
    break;
  case PROP_ADD_SPECIAL_TOKENS:
    self->settings.add_special_tokens = g_value_get_boolean (value);
    break;
  default:
    if (gst_act_shard_set_property (
            &self->settings.shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_tokenize_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (object);

  switch (id) {
  case PROP_TOKENIZER:
    g_value_set_string (value, self->tokenizer_file);
    break;
  case PROP_N_CTX:
    g_value_set_uint (value, self->settings.n_ctx);
    break;
  case PROP_BATCH_SIZE:
    g_value_set_uint (value, self->settings.batch_size);
    break;
  case PROP_PACKING:
    g_value_set_enum (value, self->settings.packing);
    break;
  case PROP_EOS_TOKEN:
    g_value_set_string (value, self->eos_token);
    break;
  case PROP_ADD_SPECIAL_TOKENS:
    g_value_set_boolean (value, self->settings.add_special_tokens);
    break;
  default:
    if (gst_act_shard_get_property (
            &self->settings.shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

/* ---- start and stop ---- */

static void
reset_run (GstActTokenize *self)
{
  self->started = self->text_ended = FALSE;
  self->failed = FALSE;
  self->announced = FALSE;
  self->n_announced = self->n_documents = 0;
  self->n_dropped = 0;
  self->last_progress = self->last_estimate = 0;
  GST_OBJECT_LOCK (self);
  self->next = self->first = self->end = 0;
  self->exact = FALSE;
  GST_OBJECT_UNLOCK (self);
}

/* a text from its beginning */
static void
restart (GstActTokenize *self)
{
  g_autoptr (GError) error = NULL;

  reset_run (self);
  if (gst_act_token_batches_restart (&self->batches, &error))
    return;
  gst_act_element_post_error (GST_ELEMENT (self), error);
  self->failed = TRUE;
}

/* which token a document begins with; packing=document has none unless the
 * user names one, nor does a document that the file's own tokens are round */
static gboolean
find_eos_token (GstActTokenize *self, GError **error)
{
  self->eos_id = -1;
  if (self->eos_token != NULL && *self->eos_token != '\0') {
    self->eos_id = act_tokenizer_find_token (self->tokenizer, self->eos_token);
    if (self->eos_id >= 0)
      return TRUE;
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "'%s' has no token '%s', see eos-token", self->tokenizer_file,
        self->eos_token);
    return FALSE;
  }
  if (self->run.packing == PACKING_DOCUMENT
      || (self->run.add_special_tokens
          && act_tokenizer_adds_special (self->tokenizer)))
    return TRUE;
  self->eos_id =
      act_tokenizer_find_special (self->tokenizer, DEFAULT_EOS_TOKEN);
  if (self->eos_id >= 0)
    return TRUE;
  g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
      "'%s' has no special token '%s' for documents to begin with: name "
      "another with eos-token, or use packing=document",
      self->tokenizer_file, DEFAULT_EOS_TOKEN);
  return FALSE;
}

/* Elements downstream are started before this one. */
static guint
choose_n_ctx (GstActTokenize *self)
{
  g_autoptr (GstQuery) query = gst_act_query_new_sample_length ();
  guint longest = USUAL_N_CTX;

  if (gst_pad_peer_query (self->srcpad, query))
    gst_act_query_parse_sample_length (query, &longest);
  return MIN (longest, USUAL_N_CTX);
}

static gboolean
start (GstActTokenize *self, GError **error)
{
  if (self->tokenizer_file == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'tokenizer' is not set, expected the model's tokenizer.json");
    return FALSE;
  }
  self->run = self->settings;
  if (self->run.n_ctx == 0)
    self->run.n_ctx = choose_n_ctx (self);
  if ((guint64) self->run.n_ctx * self->run.batch_size
      > G_MAXINT32 / sizeof (gint32)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "a batch of %u samples of %u tokens is too large", self->run.batch_size,
        self->run.n_ctx);
    return FALSE;
  }
  if (!gst_act_shard_check (&self->run.shard, error)
      || !gst_act_token_batches_init (&self->batches, self->run.n_ctx,
          self->run.batch_size, &self->run.shard, error))
    return FALSE;
  self->tokenizer = act_tokenizer_new_from_file (self->tokenizer_file, error);
  if (self->tokenizer == NULL)
    return FALSE;
  self->vocabulary =
      gst_act_vocabulary_new_from_file (self->tokenizer_file, error);
  if (self->vocabulary == NULL)
    return FALSE;
  reset_run (self);
  return find_eos_token (self, error);
}

static void
stop (GstActTokenize *self)
{
  g_clear_pointer (&self->tokenizer, act_tokenizer_free);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  gst_act_token_batches_clear (&self->batches);
  reset_run (self);
}

static GstStateChangeReturn
gst_act_tokenize_change_state (GstElement *element, GstStateChange transition)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (element);
  g_autoptr (GError) error = NULL;
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self, &error)) {
    stop (self);
    gst_act_element_post_error (element, error);
    return GST_STATE_CHANGE_FAILURE;
  }
  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE))
    stop (self);
  return ret;
}

/* ---- how far it is ---- */

static gboolean
all_documents_came (GstActTokenize *self)
{
  return self->announced && self->n_announced == self->n_documents;
}

/* what n tokens of the text consumed so far make of all text; FALSE if the
 * source does not tell its bytes */
static gboolean
estimate_tokens (GstActTokenize *self, guint64 n, guint64 *total)
{
  gint64 position, duration;

  if (!gst_pad_peer_query_position (self->sinkpad, GST_FORMAT_BYTES, &position)
      || !gst_pad_peer_query_duration (
          self->sinkpad, GST_FORMAT_BYTES, &duration)
      || position <= 0)
    return FALSE;
  *total = gst_util_uint64_scale (
      n, (guint64) MAX (duration, position), (guint64) position);
  return TRUE;
}

/* after each document. What waits to be pushed counts, so that one large
 * document, whose bytes are consumed at once, is estimated as well as many */
static void
update_total (GstActTokenize *self)
{
  guint64 n = gst_act_token_batches_get_n_tokens (&self->batches);
  gint64 now = g_get_monotonic_time ();
  gboolean exact = all_documents_came (self);
  GstActTokenRange range;

  /* a line may be a document: two queries for each would take as long as
   * tokenizing it */
  if (!exact && now - self->last_estimate < PROGRESS_INTERVAL)
    return;
  self->last_estimate = now;
  if (!exact && !estimate_tokens (self, n, &n))
    return;
  gst_act_token_batches_get_range (&self->batches, n, &range);
  GST_OBJECT_LOCK (self);
  self->first = range.first_sample;
  self->end = range.end_sample;
  self->exact = exact;
  GST_OBJECT_UNLOCK (self);
  if (exact)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_duration_changed (GST_OBJECT (self)));
}

/* While a shard waits for the end of the text none of its samples goes out,
 * and the source says how much is read. */
static void
post_progress (GstActTokenize *self, gboolean now)
{
  gint64 time = g_get_monotonic_time ();
  GstObject *object = GST_OBJECT (self);
  guint64 done = self->next - self->first, total = self->end - self->first;

  if ((!now && time - self->last_progress < PROGRESS_INTERVAL)
      || (gst_act_token_batches_waits (&self->batches) && !self->text_ended))
    return;
  self->last_progress = time;
  gst_element_post_message (GST_ELEMENT (self),
      self->exact
          ? gst_act_message_new_progress (object, "samples", done, total)
          : gst_act_message_new_progress_estimate (
              object, "samples", done, total));
}

static void
set_next (GstActTokenize *self)
{
  GST_OBJECT_LOCK (self);
  self->next = self->batches.next_sample;
  if (self->end > 0) /* the estimate may be older */
    self->end = MAX (self->end, self->next);
  GST_OBJECT_UNLOCK (self);
  post_progress (self, FALSE);
}

/* ---- output ---- */

static void
start_output (GstActTokenize *self)
{
  g_autoptr (GstCaps) caps = NULL;
  GstEvent *events[3];
  GstSegment segment;

  if (self->started)
    return;
  self->started = TRUE;
  caps = gst_act_caps_new_tokens (self->run.batch_size, self->run.n_ctx,
      act_tokenizer_get_size (self->tokenizer));
  gst_caps_set_simple (caps, "tokenizer", G_TYPE_STRING,
      act_tokenizer_get_fingerprint (self->tokenizer), NULL);
  gst_segment_init (&segment, GST_FORMAT_DEFAULT); /* in samples */
  events[0] = gst_event_new_caps (caps);
  events[1] = gst_event_new_segment (&segment);
  events[2] = gst_act_event_new_vocabulary (self->vocabulary);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    if (self->seqnum != GST_SEQNUM_INVALID)
      gst_event_set_seqnum (events[i], self->seqnum);
    gst_pad_push_event (self->srcpad, events[i]);
  }
  post_progress (self, TRUE);
}

/* ---- data ---- */

/* passes the next batch over if it is stored, else pushes it */
static GstFlowReturn
next_batch (GstActTokenize *self, guint n_samples)
{
  g_autoptr (GError) error = NULL;
  GstBuffer *buffer = NULL;

  if (gst_act_token_batches_ask (&self->batches, self->srcpad, &error)) {
    if (gst_act_token_batches_skip (&self->batches, n_samples, &error)) {
      set_next (self);
      return GST_FLOW_OK;
    }
    if (error == NULL)
      buffer = gst_act_token_batches_take (&self->batches, n_samples, &error);
  }
  if (buffer == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  set_next (self);
  return gst_pad_push (self->srcpad, buffer);
}

/* appends a document's tokens, in packing=document only its whole samples */
static gboolean
encode_document (GstActTokenize *self, GstBuffer *buffer, GError **error)
{
  GArray *tokens = self->batches.tokens;
  guint before = tokens->len, rest;
  GstMapInfo map;
  gboolean ok;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "document %" G_GUINT64_FORMAT " cannot be read", self->n_documents);
    return FALSE;
  }
  if (self->eos_id >= 0)
    g_array_append_val (tokens, self->eos_id);
  ok = (self->run.add_special_tokens ? act_tokenizer_encode_with_special
                                     : act_tokenizer_encode) (
      self->tokenizer, (const char *) map.data, map.size, tokens, error);
  gst_buffer_unmap (buffer, &map);
  if (!ok) {
    g_prefix_error (
        error, "document %" G_GUINT64_FORMAT ": ", self->n_documents);
    return FALSE;
  }
  self->n_documents++;
  if (self->run.packing == PACKING_DOCUMENT) {
    rest = (tokens->len - before) % self->run.n_ctx;
    g_array_set_size (tokens, tokens->len - rest);
    self->n_dropped += rest;
  }
  return gst_act_token_batches_end_document (&self->batches, error);
}

static GstFlowReturn
push_full_batches (GstActTokenize *self)
{
  GstFlowReturn ret = GST_FLOW_OK;

  while (ret == GST_FLOW_OK && gst_act_token_batches_is_full (&self->batches))
    ret = next_batch (self, self->run.batch_size);
  gst_act_token_batches_trim (&self->batches);
  return ret;
}

static GstFlowReturn
gst_act_tokenize_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (parent);
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret;
  gboolean ok;

  start_output (self);
  ok = encode_document (self, buffer, &error);
  gst_buffer_unref (buffer);
  if (!ok) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    self->failed = TRUE;
    return GST_FLOW_ERROR;
  }
  update_total (self);
  ret = push_full_batches (self);
  self->failed = self->failed || ret != GST_FLOW_OK;
  return ret;
}

static void
post_summary (GstActTokenize *self)
{
  guint64 n_samples = self->end - self->first;

  GST_INFO_OBJECT (self,
      "%" G_GUINT64_FORMAT " documents, %" G_GUINT64_FORMAT
      " samples of %u tokens, %" G_GUINT64_FORMAT " tokens dropped",
      self->n_documents, n_samples, self->run.n_ctx, self->n_dropped);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("act-tokenized", "documents", G_TYPE_UINT64,
              self->n_documents, "samples", G_TYPE_UINT64, n_samples,
              "tokens-a-sample", G_TYPE_UINT64, (guint64) self->run.n_ctx,
              "dropped-tokens", G_TYPE_UINT64, self->n_dropped, NULL)));
}

/* a run of nothing is whole, and hardly what was wanted */
static void
warn_of_no_samples (GstActTokenize *self)
{
  GST_ELEMENT_WARNING (self, STREAM, FORMAT,
      ("There is no sample: the text has %" G_GUINT64_FORMAT
       " tokens%s, a sample takes %u (n-ctx).",
          self->n_dropped,
          self->run.packing == PACKING_DOCUMENT ? ", too few in each document"
                                                : "",
          self->run.n_ctx),
      ("%" G_GUINT64_FORMAT " documents", self->n_documents));
}

/* EOS alone does not say that all documents came */
static gboolean
is_whole (GstActTokenize *self)
{
  if (self->failed)
    GST_WARNING_OBJECT (self, "the end came after an error");
  else if (all_documents_came (self))
    return TRUE;
  else if (self->announced)
    GST_WARNING_OBJECT (self,
        "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
        " documents came, the run is not whole",
        self->n_documents, self->n_announced);
  else
    GST_WARNING_OBJECT (self,
        "the end came without act-complete, the run is "
        "not known to be whole");
  return FALSE;
}

static void
announce (GstActTokenize *self, const GstActTokenRange *range)
{
  gst_pad_push_event (self->srcpad,
      gst_act_event_new_complete_shard (range->end_sample - range->first_sample,
          self->run.shard.index, self->run.shard.count, range->first_batch,
          range->run_batches, range->run_samples));
}

/* the rest of the batches, and the total before the last of them */
static gboolean
push_rest (GstActTokenize *self, const GstActTokenRange *range, gboolean whole)
{
  GstActTokenBatches *batches = &self->batches;
  g_autoptr (GError) error = NULL;
  guint64 last;

  if (!gst_act_token_batches_ask (batches, self->srcpad, &error)
      || (whole
          && !(gst_act_token_batches_check_ends (batches, range, &error)
              && gst_act_token_batches_check_rest (batches, range, &error)))) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  last = gst_act_token_batches_find_last (batches, range);
  if (whole && (last == range->end_batch || last < batches->next_batch))
    announce (self, range);
  while (batches->next_batch < range->end_batch) {
    if (whole && batches->next_batch == last)
      announce (self, range);
    if (next_batch (self,
            gst_act_token_batches_get_n_samples (batches, range->end_sample))
        != GST_FLOW_OK)
      return FALSE;
  }
  return TRUE;
}

/* now that all of its text is known */
static gboolean
begin_shard (GstActTokenize *self, const GstActTokenRange *range)
{
  g_autoptr (GError) error = NULL;

  if (!gst_act_token_batches_check_planned (
          &self->batches, range, GST_ELEMENT (self), &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  gst_act_token_batches_go_to (&self->batches, range);
  return TRUE;
}

/* A text that is not whole has no known number of batches, and no shards. */
static void
finish (GstActTokenize *self)
{
  guint64 n_tokens = gst_act_token_batches_get_n_tokens (&self->batches);
  gboolean whole = is_whole (self);
  GstActTokenRange range;

  start_output (self);
  self->text_ended = TRUE;
  self->n_dropped += n_tokens % self->run.n_ctx;
  gst_act_token_batches_get_range (&self->batches, n_tokens, &range);
  if (gst_act_token_batches_waits (&self->batches)
      && !(whole && begin_shard (self, &range)))
    return;
  GST_OBJECT_LOCK (self);
  self->next = self->batches.next_sample;
  self->first = range.first_sample;
  self->end = range.end_sample;
  self->exact = TRUE;
  GST_OBJECT_UNLOCK (self);
  if (!push_rest (self, &range, whole))
    return;
  post_progress (self, TRUE);
  post_summary (self);
  if (whole && range.run_samples == 0)
    warn_of_no_samples (self);
}

/* ---- events and queries ---- */

static gboolean
gst_act_tokenize_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (parent);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
  case GST_EVENT_FLUSH_STOP:
    restart (self);
    self->seqnum = gst_event_get_seqnum (event);
    break;
  case GST_EVENT_CAPS: /* ours are others */
    gst_event_unref (event);
    return TRUE;
  case GST_EVENT_SEGMENT: /* documents there, samples here */
    self->seqnum = gst_event_get_seqnum (event);
    start_output (self);
    gst_event_unref (event);
    return TRUE;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
    if (gst_act_event_parse_complete (event, &self->n_announced)) {
      self->announced = TRUE;
      gst_event_unref (event);
      return TRUE;
    }
    break;
  case GST_EVENT_EOS:
    finish (self);
    break;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

/* in samples it is for us to say, in bytes or percent for the source */
static gboolean
answer_position (GstActTokenize *self, GstQuery *query)
{
  GstFormat format;
  guint64 next;

  gst_query_parse_position (query, &format, NULL);
  if (format != GST_FORMAT_DEFAULT)
    return gst_pad_query_default (self->srcpad, GST_OBJECT (self), query);
  GST_OBJECT_LOCK (self);
  next = self->next;
  GST_OBJECT_UNLOCK (self);
  gst_query_set_position (query, format, (gint64) next);
  return TRUE;
}

static gboolean
answer_duration (GstActTokenize *self, GstQuery *query)
{
  GstFormat format;
  guint64 end;
  gboolean known;

  gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_DEFAULT)
    return gst_pad_query_default (self->srcpad, GST_OBJECT (self), query);
  GST_OBJECT_LOCK (self);
  end = self->end;
  known = end > 0 || self->exact;
  GST_OBJECT_UNLOCK (self);
  if (known)
    gst_query_set_duration (query, format, (gint64) end);
  return known;
}

static gboolean
gst_act_tokenize_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstActTokenize *self = GST_ACT_TOKENIZE (parent);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_POSITION:
    return answer_position (self, query);
  case GST_QUERY_DURATION:
    return answer_duration (self, query);
  default:
    return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- type ---- */

static void
gst_act_tokenize_init (GstActTokenize *self)
{
  self->settings.batch_size = DEFAULT_BATCH_SIZE;
  self->settings.shard = GST_ACT_SHARD_DEFAULT;

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_act_tokenize_chain));
  gst_pad_set_event_function (
      self->sinkpad, GST_DEBUG_FUNCPTR (gst_act_tokenize_sink_event));
  gst_element_add_pad (GST_ELEMENT (self), self->sinkpad);

  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_query_function (
      self->srcpad, GST_DEBUG_FUNCPTR (gst_act_tokenize_src_query));
  gst_element_add_pad (GST_ELEMENT (self), self->srcpad);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_TOKENIZER] = g_param_spec_string (
      "tokenizer", "Tokenizer", "The model's tokenizer.json", NULL, flags);
  props[PROP_N_CTX] = g_param_spec_uint ("n-ctx", "Sample length",
      "Tokens a sample; 0: as many as the model behind takes, and at most 128",
      0, 1 << 20, 0, flags);
  props[PROP_BATCH_SIZE] = g_param_spec_uint ("batch-size", "Batch size",
      "Samples a batch; the dead-component filter looks at a batch at a time",
      1, 1 << 20, DEFAULT_BATCH_SIZE, flags);
  props[PROP_PACKING] =
      g_param_spec_enum ("packing", "Packing", "How documents fill samples",
          GST_TYPE_ACT_PACKING, PACKING_CONCAT, flags);
  props[PROP_EOS_TOKEN] = g_param_spec_string ("eos-token", "End-of-text token",
      "Token that each document begins with; not set, or empty: the special "
      "token "
      "" DEFAULT_EOS_TOKEN " with packing=concat, none with packing=document",
      NULL, flags);
  props[PROP_ADD_SPECIAL_TOKENS] =
      g_param_spec_boolean ("add-special-tokens", "Add special tokens",
          "Put the tokens round each document that the tokenizer's "
          "post_processor names, such as [CLS] and [SEP]; no default eos-token "
          "then",
          FALSE, flags);
  gst_act_shard_install_properties (props, PROP_SHARD);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gst_act_tokenize_class_init (GstActTokenizeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = gst_act_tokenize_finalize;
  object_class->set_property = gst_act_tokenize_set_property;
  object_class->get_property = gst_act_tokenize_get_property;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "Tokenizer",
      "Filter/Text",
      "Turns documents into samples of token ids, as the model's "
      "tokenizer.json says",
      "The gst-activations authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_PACKING, 0);
  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_tokenize_change_state);
}
