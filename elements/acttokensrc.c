/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-acttokensrc
 * @title: acttokensrc
 * @short_description: token ids out of a file
 *
 * Reads text that is token ids already: a .npy file, a tensor of a
 * .safetensors file, lists in JSON Lines, or bare ids (see docs/formats.md). It
 * reads one batch at a time, however large the file. A pattern (*, ?, [..])
 * stands for all files that it matches, one after another, 2 before 10.
 *
 * Src: token ids int32 [samples, n_ctx].
 *
 * Batches are cut at multiples of batch-size counted from the beginning of
 * the file, so that parts of a run (first-sample, n-samples, or a seek in
 * samples, in the default format) have the same batches as the whole. Offsets,
 * position and duration count samples of the file too.
 *
 * With shard-count, the batches of that range are cut into as many parts of
 * (nearly) the same number, of which shard-index says the one to give. Batches
 * that a store downstream holds already are left out (see skip-stored), and
 * count in act-complete all the same.
 *
 * With tokens-digest, all tokens of the shard are read and compared with those
 * of a plan before the first batch; with post-digests those of the whole run
 * are read, and the element message `act-digests` has a number a batch.
 *
 * How many token ids there are comes from vocab-size, or else from the
 * vocabulary; one of the two is needed. Ids outside are an error.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 acttokensrc location=tests/data/golden/basic/tokens.npy
 * vocabulary=tests/data/golden/basic/vocab.json batch-size=4 ! fakesink
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "acttokensrc.h"

#include <gst/activations/activations.h>

#include "acterror.h"
#include "formats/tokenset.h"
#include "sourcerun.h"
#include "vocabularyfile.h"

GST_DEBUG_CATEGORY_EXTERN (act_text_debug);
#define GST_CAT_DEFAULT act_text_debug

#define DEFAULT_BATCH_SIZE 32
#define DEFAULT_TENSOR "tokens"
#define DEFAULT_FIELD "input_ids"

struct _GstActTokenSrc {
  GstPushSrc parent;

  char *location;
  char *tensor;
  char *field;
  char *vocabulary_file;
  ActDtype raw_dtype;
  guint n_ctx;
  guint batch_size;
  guint wanted_vocab_size;
  guint64 first_sample;
  guint64 n_samples;
  GstActShard shard;

  /* between start and stop */
  ActTokenSet *file;
  guint run_batch_size; /* the property's value at start */
  GstActVocabulary *vocabulary;
  char *tokenizer; /* its fingerprint, or NULL */
  gboolean vocabulary_sent;
  guint vocab_size;
  GstActSourceRun run;
};

enum {
  PROP_LOCATION = 1,
  PROP_TENSOR,
  PROP_FIELD,
  PROP_RAW_DTYPE,
  PROP_N_CTX,
  PROP_BATCH_SIZE,
  PROP_FIRST_SAMPLE,
  PROP_N_SAMPLES,
  PROP_VOCAB_SIZE,
  PROP_VOCABULARY,
  PROP_SHARD,
  N_PROPS = PROP_SHARD + GST_ACT_SHARD_N_PROPS
};
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_TOKENS_CAPS));

G_DEFINE_TYPE (GstActTokenSrc, gst_act_token_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    acttokensrc, "acttokensrc", GST_RANK_NONE, GST_TYPE_ACT_TOKEN_SRC)

#define GST_TYPE_ACT_TOKEN_SRC_DTYPE (gst_act_token_src_dtype_get_type ())
static GType
gst_act_token_src_dtype_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { ACT_DTYPE_U16, "Unsigned 16-bit integers", "uint16" },
    { ACT_DTYPE_I32, "Signed 32-bit integers", "int32" },
    { ACT_DTYPE_U32, "Unsigned 32-bit integers", "uint32" },
    { ACT_DTYPE_I64, "Signed 64-bit integers", "int64" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActTokenSrcDtype", values));
  return type;
}

static gboolean
gst_act_token_src_load_vocabulary (GstActTokenSrc *self, GError **error)
{
  self->vocab_size = self->wanted_vocab_size;
  if (self->vocabulary_file == NULL) {
    if (self->vocab_size > 0)
      return TRUE;
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "neither property 'vocabulary' nor 'vocab-size' is set, expected one "
        "to say which token ids there are");
    return FALSE;
  }
  if (!gst_act_vocabulary_file_load (
          self->vocabulary_file, &self->vocabulary, &self->tokenizer, error))
    return FALSE;
  if (self->vocab_size == 0)
    self->vocab_size = gst_act_vocabulary_get_size (self->vocabulary);
  if (self->vocab_size > 0)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s' has no tokens, expected one at least", self->vocabulary_file);
  return FALSE;
}

static guint64
gst_act_token_src_first_sample (GstBaseSrc *src, guint64 batch)
{
  return batch * GST_ACT_TOKEN_SRC (src)->run_batch_size;
}

static gboolean
gst_act_token_src_read_tokens (GstBaseSrc *src, guint64 batch,
    guint64 first_sample, guint n_samples, gint32 *tokens, GError **error)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (src);

  return act_token_set_read (
      self->file, first_sample, n_samples, self->vocab_size, tokens, error);
}

/* the range of the run, in samples of the file */
static gboolean
gst_act_token_src_set_range (GstActTokenSrc *self, GError **error)
{
  guint64 total = act_token_set_get_n_samples (self->file);
  guint64 first = self->first_sample, end = total;
  GstActRange whole;

  if (first > total || self->n_samples > total - first) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "'%s' has %" G_GUINT64_FORMAT
        " samples, expected at least %" G_GUINT64_FORMAT
        " for first-sample=%" G_GUINT64_FORMAT " n-samples=%" G_GUINT64_FORMAT,
        self->location, total,
        self->n_samples > G_MAXUINT64 - first ? G_MAXUINT64
                                              : first + self->n_samples,
        first, self->n_samples);
    return FALSE;
  }
  if (self->n_samples > 0)
    end = first + self->n_samples;
  GST_INFO_OBJECT (self,
      "samples %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
      " of %" G_GUINT64_FORMAT,
      first, end, total);
  whole.first = first;
  whole.end = end;
  whole.first_batch = first / self->run_batch_size;
  whole.end_batch =
      first == end ? whole.first_batch : (end - 1) / self->run_batch_size + 1;
  gst_act_source_run_init (&self->run, GST_BASE_SRC (self), &self->shard,
      &whole, gst_act_token_src_first_sample);
  gst_act_source_run_set_tokens (&self->run, self->location,
      act_token_set_get_n_ctx (self->file), gst_act_token_src_read_tokens);
  return TRUE;
}

static GstCaps *
gst_act_token_src_new_caps (GstActTokenSrc *self)
{
  GstCaps *caps = gst_act_caps_new_tokens (self->run_batch_size,
      act_token_set_get_n_ctx (self->file), self->vocab_size);

  if (self->tokenizer != NULL)
    gst_caps_set_simple (
        caps, "tokenizer", G_TYPE_STRING, self->tokenizer, NULL);
  return caps;
}

static gboolean
gst_act_token_src_open (GstActTokenSrc *self, GError **error)
{
  gsize size;

  if (!gst_act_shard_check (&self->shard, error))
    return FALSE;
  if (self->location == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected a file of token ids");
    return FALSE;
  }
  self->file = act_token_set_open (self->location,
      self->tensor ? self->tensor : DEFAULT_TENSOR,
      self->field ? self->field : DEFAULT_FIELD, self->raw_dtype, self->n_ctx,
      error);
  if (self->file == NULL || !gst_act_token_src_load_vocabulary (self, error))
    return FALSE;
  self->run_batch_size = self->batch_size;
  if (!g_size_checked_mul (
          &size, self->run_batch_size, act_token_set_get_n_ctx (self->file))
      || size > G_MAXINT32) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "batch-size %u and samples of %u tokens are too much for one batch",
        self->run_batch_size, act_token_set_get_n_ctx (self->file));
    return FALSE;
  }
  if (!gst_act_token_src_set_range (self, error))
    return FALSE;
  gst_act_source_run_take_caps (
      &self->run, GST_BASE_SRC (self), gst_act_token_src_new_caps (self));
  return TRUE;
}

static gboolean
gst_act_token_src_stop (GstBaseSrc *src)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (src);

  gst_act_source_run_clear (&self->run, src);
  g_clear_pointer (&self->file, act_token_set_free);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_clear_pointer (&self->tokenizer, g_free);
  return TRUE;
}

static gboolean
gst_act_token_src_start (GstBaseSrc *src)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (src);
  g_autoptr (GError) error = NULL;

  self->vocabulary_sent = FALSE;
  if (gst_act_token_src_open (self, &error))
    return TRUE;
  gst_act_element_post_error (GST_ELEMENT (self), error);
  gst_act_token_src_stop (src);
  return FALSE;
}

static GstCaps *
gst_act_token_src_get_caps (GstBaseSrc *src, GstCaps *filter)
{
  return gst_act_source_run_get_caps (
      &GST_ACT_TOKEN_SRC (src)->run, src, filter);
}

static gboolean
gst_act_token_src_is_seekable (GstBaseSrc *src)
{
  return TRUE;
}

static gboolean
gst_act_token_src_do_seek (GstBaseSrc *src, GstSegment *segment)
{
  return gst_act_source_run_seek (&GST_ACT_TOKEN_SRC (src)->run, src, segment);
}

static gboolean
gst_act_token_src_query (GstBaseSrc *src, GstQuery *query)
{
  return gst_act_source_run_query (&GST_ACT_TOKEN_SRC (src)->run, src, query)
      || GST_BASE_SRC_CLASS (gst_act_token_src_parent_class)
             ->query (src, query);
}

static GstBuffer *
gst_act_token_src_read_batch (GstActTokenSrc *self, GError **error)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  guint n_ctx = act_token_set_get_n_ctx (self->file), n_samples;
  guint64 batch = self->run.next_batch;
  gpointer tokens;
  GstMemory *memory;

  n_samples =
      MIN ((batch + 1) * self->run_batch_size, self->run.stop) - self->run.next;
  memory =
      gst_act_memory_new ((gsize) n_samples * n_ctx * sizeof (gint32), &tokens);
  if (!act_token_set_read (self->file, self->run.next, n_samples,
          self->vocab_size, tokens, error)) {
    gst_memory_unref (memory);
    return NULL;
  }
  gst_act_batch_meta_add (buffer, batch, self->run.next, n_samples, n_ctx);
  if (!gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS, memory, error))
    return NULL;
  return g_steal_pointer (&buffer);
}

/* the pad sends it after the segment and before the first buffer */
static void
gst_act_token_src_send_vocabulary (GstActTokenSrc *self)
{
  g_autoptr (GstEvent) event = NULL;

  if (self->vocabulary == NULL || self->vocabulary_sent)
    return;
  self->vocabulary_sent = TRUE;
  event = gst_act_event_new_vocabulary (self->vocabulary);
  gst_pad_store_sticky_event (GST_BASE_SRC_PAD (self), event);
}

static GstFlowReturn
gst_act_token_src_create (GstPushSrc *push, GstBuffer **out)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (push);
  GstBaseSrc *src = GST_BASE_SRC (push);
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret;

  gst_act_token_src_send_vocabulary (self);
  ret = gst_act_source_run_begin_batch (&self->run, src);
  if (ret != GST_FLOW_OK)
    return ret;
  *out = gst_act_token_src_read_batch (self, &error);
  if (*out == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  gst_act_source_run_end_batch (
      &self->run, src, gst_act_batch_meta_get (*out)->n_samples);
  return GST_FLOW_OK;
}

static void
gst_act_token_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_TENSOR:
    g_free (self->tensor);
    self->tensor = g_value_dup_string (value);
    break;
  case PROP_FIELD:
    g_free (self->field);
    self->field = g_value_dup_string (value);
    break;
  case PROP_RAW_DTYPE:
    self->raw_dtype = g_value_get_enum (value);
    break;
  case PROP_N_CTX:
    self->n_ctx = g_value_get_uint (value);
    break;
  case PROP_BATCH_SIZE:
    self->batch_size = g_value_get_uint (value);
    break;
  case PROP_FIRST_SAMPLE:
    self->first_sample = g_value_get_uint64 (value);
    break;
  case PROP_N_SAMPLES:
    self->n_samples = g_value_get_uint64 (value);
    break;
  case PROP_VOCAB_SIZE:
    self->wanted_vocab_size = g_value_get_uint (value);
    break;
  case PROP_VOCABULARY:
    g_free (self->vocabulary_file);
    self->vocabulary_file = g_value_dup_string (value);
    break;
  default:
    if (gst_act_shard_set_property (&self->shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_token_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_TENSOR:
    g_value_set_string (value, self->tensor);
    break;
  case PROP_FIELD:
    g_value_set_string (value, self->field);
    break;
  case PROP_RAW_DTYPE:
    g_value_set_enum (value, self->raw_dtype);
    break;
  case PROP_N_CTX:
    g_value_set_uint (value, self->n_ctx);
    break;
  case PROP_BATCH_SIZE:
    g_value_set_uint (value, self->batch_size);
    break;
  case PROP_FIRST_SAMPLE:
    g_value_set_uint64 (value, self->first_sample);
    break;
  case PROP_N_SAMPLES:
    g_value_set_uint64 (value, self->n_samples);
    break;
  case PROP_VOCAB_SIZE:
    g_value_set_uint (value, self->wanted_vocab_size);
    break;
  case PROP_VOCABULARY:
    g_value_set_string (value, self->vocabulary_file);
    break;
  default:
    if (gst_act_shard_get_property (&self->shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_token_src_finalize (GObject *object)
{
  GstActTokenSrc *self = GST_ACT_TOKEN_SRC (object);

  g_free (self->location);
  g_free (self->tensor);
  g_free (self->field);
  g_free (self->vocabulary_file);
  G_OBJECT_CLASS (gst_act_token_src_parent_class)->finalize (object);
}

/* The file is opened here and not in GstBaseSrc's start: when that fails, the
 * base class adds an error message of its own that says nothing. */
static GstStateChangeReturn
gst_act_token_src_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_act_token_src_start (GST_BASE_SRC (element)))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_act_token_src_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE)
    gst_act_token_src_stop (GST_BASE_SRC (element));
  return ret;
}

static void
gst_act_token_src_install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "File of token ids: .npy, .safetensors, .jsonl, or bare ids under any "
      "other name; or a pattern for several",
      NULL, flags);
  props[PROP_TENSOR] = g_param_spec_string ("tensor", "Tensor",
      "Name of the tensor with the token ids, in a .safetensors file",
      DEFAULT_TENSOR, flags);
  props[PROP_FIELD] = g_param_spec_string ("field", "Field",
      "Field with the list of token ids, in JSON Lines", DEFAULT_FIELD, flags);
  props[PROP_RAW_DTYPE] = g_param_spec_enum ("raw-dtype", "Raw type",
      "Type of the numbers in a file of bare ids (little-endian)",
      GST_TYPE_ACT_TOKEN_SRC_DTYPE, ACT_DTYPE_U16, flags);
  props[PROP_N_CTX] = g_param_spec_uint ("n-ctx", "Context length",
      "Tokens a sample; 0: what the shape in the file says. A file of bare "
      "ids needs it",
      0, G_MAXINT32, 0, flags);
  props[PROP_BATCH_SIZE] = g_param_spec_uint ("batch-size", "Batch size",
      "Samples a batch", 1, G_MAXINT32, DEFAULT_BATCH_SIZE, flags);
  props[PROP_FIRST_SAMPLE] = g_param_spec_uint64 ("first-sample",
      "First sample", "First sample of the file to take, counted from 0", 0,
      G_MAXINT64, 0, flags);
  props[PROP_N_SAMPLES] = g_param_spec_uint64 ("n-samples", "Number of samples",
      "How many samples to take; 0: all that follow", 0, G_MAXINT64, 0, flags);
  props[PROP_VOCAB_SIZE] = g_param_spec_uint ("vocab-size", "Vocabulary size",
      "Token ids are below this; 0: the size of the vocabulary", 0, G_MAXINT32,
      0, flags);
  props[PROP_VOCABULARY] = g_param_spec_string ("vocabulary", "Vocabulary",
      "File with the token strings (tokenizer.json or vocab.json), which "
      "travel with the batches",
      NULL, flags);
  gst_act_shard_install_properties (props, PROP_SHARD);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gst_act_token_src_class_init (GstActTokenSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->set_property = gst_act_token_src_set_property;
  object_class->get_property = gst_act_token_src_get_property;
  object_class->finalize = gst_act_token_src_finalize;
  gst_act_token_src_install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Token id reader",
      "Source/File",
      "Reads text that is token ids already, from .npy, .safetensors, JSON "
      "Lines or files of bare ids",
      "The gst-activations authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_TOKEN_SRC_DTYPE, 0);

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_token_src_change_state);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_act_token_src_stop);
  src_class->get_caps = GST_DEBUG_FUNCPTR (gst_act_token_src_get_caps);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_act_token_src_is_seekable);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_act_token_src_do_seek);
  src_class->query = GST_DEBUG_FUNCPTR (gst_act_token_src_query);
  GST_PUSH_SRC_CLASS (klass)->create =
      GST_DEBUG_FUNCPTR (gst_act_token_src_create);
}

static void
gst_act_token_src_init (GstActTokenSrc *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_DEFAULT);
  self->batch_size = DEFAULT_BATCH_SIZE;
  self->raw_dtype = ACT_DTYPE_U16;
  self->tensor = g_strdup (DEFAULT_TENSOR);
  self->field = g_strdup (DEFAULT_FIELD);
  self->shard = GST_ACT_SHARD_DEFAULT;
}
