/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-actdumpsrc
 * @title: actdumpsrc
 * @short_description: component activations out of a folder
 *
 * Brings in activations that any other tool made: a folder with the tokens
 * and, a file a batch, the component activations, as .npy or as .safetensors
 * (see docs/formats.md). A batch of the folder is a buffer. A cache of sparse
 * latents, as tools for sparse autoencoders write it, has no batches:
 * batch-size samples of it are a buffer.
 *
 * Src: token ids int32 [samples, n_ctx] and component activations float32
 * [samples * n_ctx, components], dense or CSR, whichever is asked for with
 * the property layout or by the next element. If nobody asks, it is CSR where
 * at most a quarter of the first batch is not 0, by some of its rows.
 *
 * With shard-count, the batches are cut into as many parts of (nearly) the
 * same number, of which shard-index says the one to give. Batches that a store
 * downstream holds already are left out (see skip-stored), and count in
 * act-complete all the same.
 *
 * With tokens-digest, all tokens of the shard are read and compared with those
 * of a plan before the first batch; with post-digests those of the whole run
 * are read, and the element message `act-digests` has a number a batch.
 *
 * Where the labels name fewer components than their largest indices say, the
 * others are marked dead. NaN and infinity are errors, and -0.0 is read as
 * 0.0.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! actdumpsink
 * location=/tmp/act-doc/dumpsrc overwrite=true
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "actdumpsrc.h"

#include <gst/activations/activations.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "csrblocks.h"
#include "formats/dump.h"
#include "sourcerun.h"
#include "sparse/csr.h"
#include "vocabularyfile.h"

GST_DEBUG_CATEGORY_EXTERN (gst_actdump_debug);
#define GST_CAT_DEFAULT gst_actdump_debug

#define DEFAULT_BATCH_SIZE 32

struct _GstActDumpSrc {
  GstPushSrc parent;

  char *location;
  char *vocabulary_file;
  guint batch_size;
  GstActShard shard;

  ActDump *dump;
  GstActVocabulary *vocabulary;
  char *tokenizer; /* fingerprint of it, or NULL */
  GBytes *alive;
  GstActCsrBlocks csr;
  GstActSourceRun run;
  int wanted_layout; /* property */
  GstActLayout layout;
  guint vocab_size;
  gboolean vocabulary_sent;
};

enum {
  PROP_LOCATION = 1,
  PROP_LAYOUT,
  PROP_VOCABULARY,
  PROP_BATCH_SIZE,
  PROP_SHARD,
  N_PROPS = PROP_SHARD + GST_ACT_SHARD_N_PROPS
};
static GParamSpec *props[N_PROPS];

/* the layout that the property asks for; 0 leaves it to the next element */
enum { LAYOUT_AUTO, LAYOUT_CSR, LAYOUT_DENSE };

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_COMPONENTS_CAPS));

G_DEFINE_TYPE (GstActDumpSrc, gst_act_dump_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    actdumpsrc, "actdumpsrc", GST_RANK_NONE, GST_TYPE_ACT_DUMP_SRC)

#define GST_TYPE_ACT_DUMP_SRC_LAYOUT (gst_act_dump_src_layout_get_type ())
static GType
gst_act_dump_src_layout_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { LAYOUT_AUTO,
        "What the next element takes; if it takes both, what suits the first "
        "batch",
        "auto" },
    { LAYOUT_CSR, "Compressed sparse rows", "csr" },
    { LAYOUT_DENSE, "Dense, row-major", "dense" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActDumpSrcLayout", values));
  return type;
}

static gboolean
gst_act_dump_src_open (GstActDumpSrc *self, GError **error)
{
  const char *vocabulary = self->vocabulary_file;

  if (!gst_act_shard_check (&self->shard, error))
    return FALSE;
  if (self->location == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected the folder of a dump");
    return FALSE;
  }
  self->dump = act_dump_open (self->location, self->batch_size, error);
  if (self->dump == NULL)
    return FALSE;
  self->vocab_size = act_dump_get_vocab_size (self->dump);
  self->tokenizer = g_strdup (act_dump_get_tokenizer (self->dump));
  if (vocabulary == NULL)
    vocabulary = act_dump_get_vocabulary (self->dump);
  if (vocabulary != NULL) {
    g_autofree char *fingerprint = NULL;
    guint size;

    if (!gst_act_vocabulary_file_load (
            vocabulary, &self->vocabulary, &fingerprint, error))
      return FALSE;
    size = gst_act_vocabulary_get_size (self->vocabulary);
    if (self->vocab_size == 0)
      self->vocab_size = size;
    if (fingerprint != NULL) {
      g_free (self->tokenizer);
      self->tokenizer = g_steal_pointer (&fingerprint);
    }
  }
  self->alive = act_labels_dup_alive (act_dump_get_labels (self->dump));
  return TRUE;
}

static gboolean
gst_act_dump_src_stop (GstBaseSrc *src)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (src);

  gst_act_source_run_clear (&self->run, src);
  g_clear_pointer (&self->dump, act_dump_free);
  gst_act_csr_blocks_clear (&self->csr);
  g_clear_pointer (&self->vocabulary, gst_act_vocabulary_unref);
  g_clear_pointer (&self->tokenizer, g_free);
  g_clear_pointer (&self->alive, g_bytes_unref);
  return TRUE;
}

static void
gst_act_dump_src_set_layouts (GstCaps *caps, int wanted)
{
  static const GstActLayout layouts[] = { GST_ACT_LAYOUT_DENSE,
    GST_ACT_LAYOUT_CSR };

  gst_act_caps_set_layouts (caps, layouts + (wanted == LAYOUT_CSR ? 1 : 0),
      wanted == LAYOUT_AUTO ? 2 : 1);
}

static GstCaps *
gst_act_dump_src_new_caps (GstActDumpSrc *self)
{
  const ActLabels *labels = act_dump_get_labels (self->dump);
  g_autoptr (GstCaps) tokens =
      gst_act_caps_new_tokens (act_dump_get_batch_size (self->dump),
          act_dump_get_sequence_length (self->dump), self->vocab_size);
  GstCaps *caps = gst_act_caps_rename (tokens, GST_ACT_MEDIA_TYPE_COMPONENTS);

  gst_act_caps_set_modules (caps, labels->n_modules,
      (const gchar *const *) labels->modules, labels->components);
  if (self->tokenizer != NULL)
    gst_caps_set_simple (
        caps, "tokenizer", G_TYPE_STRING, self->tokenizer, NULL);
  if (act_dump_get_model (self->dump) != NULL)
    gst_caps_set_simple (
        caps, "model", G_TYPE_STRING, act_dump_get_model (self->dump), NULL);
  gst_act_dump_src_set_layouts (caps, self->wanted_layout);
  return caps;
}

static guint64
gst_act_dump_src_first_sample (GstBaseSrc *src, guint64 batch)
{
  guint64 first;

  act_dump_get_batch (GST_ACT_DUMP_SRC (src)->dump, (guint) batch, &first);
  return first;
}

/* a run is the whole dump: none of its batches is cut */
static gboolean
gst_act_dump_src_read_tokens (GstBaseSrc *src, guint64 batch,
    guint64 first_sample, guint n_samples, gint32 *tokens, GError **error)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (src);

  return act_dump_read_tokens (
      self->dump, (guint) batch, self->vocab_size, tokens, error);
}

static gboolean
gst_act_dump_src_start (GstBaseSrc *src)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (src);
  g_autoptr (GError) error = NULL;
  GstActRange whole = { 0 };

  if (!gst_act_dump_src_open (self, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    gst_act_dump_src_stop (src);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "%u batches, %" G_GUINT64_FORMAT " samples",
      act_dump_get_n_batches (self->dump), act_dump_get_n_samples (self->dump));
  whole.end_batch = act_dump_get_n_batches (self->dump);
  whole.end = act_dump_get_n_samples (self->dump);
  gst_act_source_run_init (
      &self->run, src, &self->shard, &whole, gst_act_dump_src_first_sample);
  gst_act_source_run_set_tokens (&self->run, self->location,
      act_dump_get_sequence_length (self->dump), gst_act_dump_src_read_tokens);
  gst_act_source_run_take_caps (
      &self->run, src, gst_act_dump_src_new_caps (self));
  self->vocabulary_sent = FALSE;
  return TRUE;
}

static GstCaps *
gst_act_dump_src_get_caps (GstBaseSrc *src, GstCaps *filter)
{
  return gst_act_source_run_get_caps (
      &GST_ACT_DUMP_SRC (src)->run, src, filter);
}

static GstCaps *
gst_act_dump_src_fixate (GstBaseSrc *src, GstCaps *caps)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (src);

  caps = gst_caps_make_writable (gst_caps_truncate (caps));
  gst_structure_fixate_field_string (gst_caps_get_structure (caps, 0), "layout",
      act_dump_is_sparse (self->dump, 0) ? "csr" : "dense");
  return GST_BASE_SRC_CLASS (gst_act_dump_src_parent_class)->fixate (src, caps);
}

static gboolean
gst_act_dump_src_set_caps (GstBaseSrc *src, GstCaps *caps)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (src);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, &error);

  if (info == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  self->layout = info->layout;
  return TRUE;
}

static gboolean
gst_act_dump_src_add_tokens (GstActDumpSrc *self, GstBuffer *buffer,
    guint batch, gsize n_positions, GError **error)
{
  gpointer data;
  GstMemory *memory = gst_act_memory_new (n_positions * sizeof (gint32), &data);

  if (!act_dump_read_tokens (
          self->dump, batch, self->vocab_size, data, error)) {
    gst_memory_unref (memory);
    return FALSE;
  }
  return gst_act_buffer_set_block (buffer, GST_ACT_BLOCK_TOKENS, memory, error);
}

static gboolean
gst_act_dump_src_add_csr (GstActDumpSrc *self, GstBuffer *buffer, guint batch,
    gsize n_positions, GError **error)
{
  gboolean done;

  gst_act_csr_blocks_lend (&self->csr, n_positions,
      act_dump_is_latents (self->dump)
          ? 1
          : act_dump_get_labels (self->dump)->n_components);
  done = act_dump_read_csr (self->dump, batch, &self->csr.csr, error)
      && gst_act_csr_blocks_set (
          &self->csr, buffer, GST_ACT_BLOCK_COMPONENT_INDPTR, error);
  gst_act_csr_blocks_end (&self->csr);
  return done;
}

/* The labels, not the files, say how wide a row is: a slip there must not
 * take more memory than the machine has. */
static gboolean
gst_act_dump_src_check_size (
    GstActDumpSrc *self, gsize n_positions, gsize *size, GError **error)
{
  gsize n_columns = act_dump_get_labels (self->dump)->n_components;
  guint64 memory =
      (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE);

  if (g_size_checked_mul (size, n_positions, n_columns)
      && g_size_checked_mul (size, *size, sizeof (float)) && *size < memory)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': a batch of %" G_GSIZE_FORMAT " positions and %" G_GSIZE_FORMAT
      " components does not fit into memory",
      self->location, n_positions, n_columns);
  return FALSE;
}

static gboolean
gst_act_dump_src_add_activations (GstActDumpSrc *self, GstBuffer *buffer,
    guint batch, gsize n_positions, GError **error)
{
  gpointer dense;
  GstMemory *memory;
  gsize size = 0;

  /* latents need no memory but for what is not 0 */
  if (!(self->layout == GST_ACT_LAYOUT_CSR && act_dump_is_latents (self->dump))
      && !gst_act_dump_src_check_size (self, n_positions, &size, error))
    return FALSE;
  if (self->layout == GST_ACT_LAYOUT_CSR)
    return gst_act_dump_src_add_csr (self, buffer, batch, n_positions, error);
  memory = gst_act_memory_new (size, &dense);
  if (!act_dump_read_activations (self->dump, batch, dense, error)) {
    gst_memory_unref (memory);
    return FALSE;
  }
  return gst_act_buffer_set_block (
      buffer, GST_ACT_BLOCK_COMPONENT_VALUES, memory, error);
}

static GstBuffer *
gst_act_dump_src_read_batch (GstActDumpSrc *self, guint batch, GError **error)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  guint n_ctx = act_dump_get_sequence_length (self->dump), n_samples;
  GstActBatchMeta *meta;
  guint64 first;
  gsize n_positions;

  n_samples = act_dump_get_batch (self->dump, batch, &first);
  n_positions = (gsize) n_samples * n_ctx;
  meta = gst_act_batch_meta_add (buffer, batch, first, n_samples, n_ctx);
  gst_act_batch_meta_set_alive (meta, self->alive);
  if (!gst_act_dump_src_add_tokens (self, buffer, batch, n_positions, error)
      || !gst_act_dump_src_add_activations (
          self, buffer, batch, n_positions, error))
    return NULL;
  return g_steal_pointer (&buffer);
}

/* the pad sends it after the segment and before the first buffer */
static void
gst_act_dump_src_send_vocabulary (GstActDumpSrc *self)
{
  g_autoptr (GstEvent) event = NULL;

  if (self->vocabulary == NULL || self->vocabulary_sent)
    return;
  self->vocabulary_sent = TRUE;
  event = gst_act_event_new_vocabulary (self->vocabulary);
  gst_pad_store_sticky_event (GST_BASE_SRC_PAD (self), event);
}

static GstFlowReturn
gst_act_dump_src_create (GstPushSrc *push, GstBuffer **out)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (push);
  GstBaseSrc *src = GST_BASE_SRC (push);
  g_autoptr (GError) error = NULL;
  GstFlowReturn ret;

  gst_act_dump_src_send_vocabulary (self);
  ret = gst_act_source_run_begin_batch (&self->run, src);
  if (ret != GST_FLOW_OK)
    return ret;
  *out =
      gst_act_dump_src_read_batch (self, (guint) self->run.next_batch, &error);
  if (*out == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  gst_act_source_run_end_batch (
      &self->run, src, gst_act_batch_meta_get (*out)->n_samples);
  return GST_FLOW_OK;
}

static gboolean
gst_act_dump_src_do_seek (GstBaseSrc *src, GstSegment *segment)
{
  /* not seekable: this is the first segment */
  return gst_act_source_run_seek (&GST_ACT_DUMP_SRC (src)->run, src, segment);
}

static gboolean
gst_act_dump_src_query (GstBaseSrc *src, GstQuery *query)
{
  return gst_act_source_run_query (&GST_ACT_DUMP_SRC (src)->run, src, query)
      || GST_BASE_SRC_CLASS (gst_act_dump_src_parent_class)->query (src, query);
}

static void
gst_act_dump_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_LAYOUT:
    self->wanted_layout = g_value_get_enum (value);
    break;
  case PROP_VOCABULARY:
    g_free (self->vocabulary_file);
    self->vocabulary_file = g_value_dup_string (value);
    break;
  case PROP_BATCH_SIZE:
    self->batch_size = g_value_get_uint (value);
    break;
  default:
    if (gst_act_shard_set_property (&self->shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dump_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_LAYOUT:
    g_value_set_enum (value, self->wanted_layout);
    break;
  case PROP_VOCABULARY:
    g_value_set_string (value, self->vocabulary_file);
    break;
  case PROP_BATCH_SIZE:
    g_value_set_uint (value, self->batch_size);
    break;
  default:
    if (gst_act_shard_get_property (&self->shard, id, PROP_SHARD, value))
      return;
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_dump_src_finalize (GObject *object)
{
  GstActDumpSrc *self = GST_ACT_DUMP_SRC (object);

  g_free (self->location);
  g_free (self->vocabulary_file);
  G_OBJECT_CLASS (gst_act_dump_src_parent_class)->finalize (object);
}

/* The file is opened here and not in GstBaseSrc's start: when that fails, the
 * base class adds an error message of its own that says nothing. */
static GstStateChangeReturn
gst_act_dump_src_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_act_dump_src_start (GST_BASE_SRC (element)))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_act_dump_src_parent_class)
            ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE)
    gst_act_dump_src_stop (GST_BASE_SRC (element));
  return ret;
}

static void
gst_act_dump_src_class_init (GstActDumpSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  object_class->set_property = gst_act_dump_src_set_property;
  object_class->get_property = gst_act_dump_src_get_property;
  object_class->finalize = gst_act_dump_src_finalize;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Folder with the tokens and the component activations of a run, as "
      ".npy or .safetensors files",
      NULL, flags);
  props[PROP_LAYOUT] = g_param_spec_enum ("layout", "Layout",
      "How the activations are laid out in the buffers",
      GST_TYPE_ACT_DUMP_SRC_LAYOUT, LAYOUT_AUTO, flags);
  props[PROP_VOCABULARY] = g_param_spec_string ("vocabulary", "Vocabulary",
      "File with the token strings (tokenizer.json or vocab.json); if not "
      "set, the one in the folder, if it has one",
      NULL, flags);
  props[PROP_BATCH_SIZE] = g_param_spec_uint ("batch-size", "Batch size",
      "Samples a batch of a cache of sparse latents; other dumps have their "
      "own batches",
      1, G_MAXINT32, DEFAULT_BATCH_SIZE, flags);
  gst_act_shard_install_properties (props, PROP_SHARD);
  g_object_class_install_properties (object_class, N_PROPS, props);

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Activation dump reader", "Source/File",
      "Reads token ids and component activations that were saved earlier, or "
      "that another tool made, from a folder",
      "The gst-activations authors");
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_DUMP_SRC_LAYOUT, 0);

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_dump_src_change_state);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_act_dump_src_stop);
  src_class->get_caps = GST_DEBUG_FUNCPTR (gst_act_dump_src_get_caps);
  src_class->fixate = GST_DEBUG_FUNCPTR (gst_act_dump_src_fixate);
  src_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_dump_src_set_caps);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_act_dump_src_do_seek);
  src_class->query = GST_DEBUG_FUNCPTR (gst_act_dump_src_query);
  GST_PUSH_SRC_CLASS (klass)->create =
      GST_DEBUG_FUNCPTR (gst_act_dump_src_create);
}

static void
gst_act_dump_src_init (GstActDumpSrc *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_DEFAULT);
  self->batch_size = DEFAULT_BATCH_SIZE;
  self->shard = GST_ACT_SHARD_DEFAULT;
}
