/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-acttextsrc
 * @short_description: text files, a document a buffer
 *
 * Src: UTF-8 text, a document a buffer, not empty and without a NUL at its
 * end; offset is the document's index in the run.
 *
 * A location is a file, a folder (all files below it, in sorted order) or a
 * pattern with `*`, `?` and `[...]`; what exists by that name is no pattern.
 * A file that is reached twice is read once.
 * Before the last document goes `act-complete` with their number.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 acttextsrc location="/usr/share/common-licenses/GPL-3" !
 * acttokenize tokenizer=samples/licences-model/tokenizer.json ! fakesink
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "acttextsrc.h"

#include <gst/activations/activations.h>

#include "text/textfiles.h"
#include "text/textreader.h"

GST_DEBUG_CATEGORY_EXTERN (act_text_debug);
#define GST_CAT_DEFAULT act_text_debug

#define DEFAULT_TEXT_FIELD "text"
#define DEFAULT_MAX_DOCUMENT_SIZE ((guint64) 256 << 20)
/* a run of many small files need not flood the bus */
#define PROGRESS_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

struct _GstActTextSrc {
  GstPushSrc parent;

  gchar *location;
  gchar **locations;
  ActTextFormat format;
  gchar *text_field;
  gboolean replace;
  guint64 max_document_size;

  ActTextReader *reader; /* between start and stop */
  GBytes *next;          /* one document ahead, to know which is the last */
  guint64 next_position; /* in bytes, after it */
  gboolean begun;        /* next is valid */
  gint64 last_progress;

  /* with the object lock */
  guint64 total_bytes;
  guint64 position;    /* in bytes, after the last document that went out */
  guint64 n_documents; /* that went out */
  gboolean ended;
};

enum {
  PROP_LOCATION = 1,
  PROP_LOCATIONS,
  PROP_FORMAT,
  PROP_TEXT_FIELD,
  PROP_INVALID_UTF8,
  PROP_MAX_DOCUMENT_SIZE,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_TEXT_CAPS));

#define GST_TYPE_ACT_TEXT_FORMAT (gst_act_text_format_get_type ())
static GType
gst_act_text_format_get_type (void)
{
  static const GEnumValue values[] = {
    { ACT_TEXT_AUTO, "By name: jsonl for .jsonl and .ndjson, else plain",
        "auto" },
    { ACT_TEXT_PLAIN, "A file is a document", "plain" },
    { ACT_TEXT_LINES, "A line is a document", "lines" },
    { ACT_TEXT_JSONL, "A field of the JSON object on each line is a document",
        "jsonl" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActTextFormat", values));
  return type;
}

#define GST_TYPE_ACT_INVALID_UTF8 (gst_act_invalid_utf8_get_type ())
static GType
gst_act_invalid_utf8_get_type (void)
{
  static const GEnumValue values[] = {
    { FALSE, "Stop with an error that names file and byte", "error" },
    { TRUE, "Put U+FFFD in its place", "replace" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstActInvalidUtf8", values));
  return type;
}

#define gst_act_text_src_parent_class parent_class
G_DEFINE_TYPE (GstActTextSrc, gst_act_text_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE (
    acttextsrc, "acttextsrc", GST_RANK_NONE, GST_TYPE_ACT_TEXT_SRC)

static void
gst_act_text_src_init (GstActTextSrc *self)
{
  self->text_field = g_strdup (DEFAULT_TEXT_FIELD);
  self->max_document_size = DEFAULT_MAX_DOCUMENT_SIZE;
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_DEFAULT);
}

static void
gst_act_text_src_finalize (GObject *object)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (object);

  g_free (self->location);
  g_strfreev (self->locations);
  g_free (self->text_field);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static gchar **
strings_from_array (const GValue *array)
{
  guint n = gst_value_array_get_size (array);
  gchar **strings = g_new0 (gchar *, n + 1);

  for (guint i = 0; i < n; i++)
    strings[i] = g_value_dup_string (gst_value_array_get_value (array, i));
  return strings;
}

static void
strings_to_array (gchar **strings, GValue *array)
{
  for (guint i = 0; strings != NULL && strings[i] != NULL; i++) {
    GValue string = G_VALUE_INIT;

    g_value_init (&string, G_TYPE_STRING);
    g_value_set_string (&string, strings[i]);
    gst_value_array_append_and_take_value (array, &string);
  }
}

static void
gst_act_text_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_free (self->location);
    self->location = g_value_dup_string (value);
    break;
  case PROP_LOCATIONS:
    g_strfreev (self->locations);
    self->locations = strings_from_array (value);
    break;
  case PROP_FORMAT:
    self->format = g_value_get_enum (value);
    break;
  case PROP_TEXT_FIELD:
    g_free (self->text_field);
    self->text_field = g_value_dup_string (value);
    break;
  case PROP_INVALID_UTF8:
    self->replace = g_value_get_enum (value);
    break;
  case PROP_MAX_DOCUMENT_SIZE:
    self->max_document_size = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_act_text_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_LOCATIONS:
    strings_to_array (self->locations, value);
    break;
  case PROP_FORMAT:
    g_value_set_enum (value, self->format);
    break;
  case PROP_TEXT_FIELD:
    g_value_set_string (value, self->text_field);
    break;
  case PROP_INVALID_UTF8:
    g_value_set_enum (value, self->replace);
    break;
  case PROP_MAX_DOCUMENT_SIZE:
    g_value_set_uint64 (value, self->max_document_size);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

/* the files of location, then those of locations */
static GPtrArray *
find_files (GstActTextSrc *self, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_auto (GStrv) split = NULL;

  if (self->location != NULL)
    split = act_text_locations_split (self->location);
  for (guint i = 0; split != NULL && split[i] != NULL; i++)
    g_ptr_array_add (all, split[i]);
  for (guint i = 0; self->locations != NULL && self->locations[i] != NULL; i++)
    g_ptr_array_add (all, self->locations[i]);
  if (all->len == 0) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'location' is not set, expected files with text, or folders "
        "of "
        "them");
    return NULL;
  }
  return act_text_files_find (
      (const char *const *) all->pdata, all->len, error);
}

static gboolean
gst_act_text_src_start (GstBaseSrc *src)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (src);
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  ActTextOptions options = {
    .format = self->format,
    .field = self->text_field != NULL ? self->text_field : DEFAULT_TEXT_FIELD,
    .max_size = self->max_document_size,
    .replace = self->replace,
  };

  files = find_files (self, &error);
  if (files == NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->total_bytes = self->position = self->n_documents = 0;
  for (guint i = 0; i < files->len; i++)
    self->total_bytes += ((ActTextFile *) g_ptr_array_index (files, i))->size;
  self->ended = FALSE;
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "%u files, %" G_GUINT64_FORMAT " bytes", files->len,
      self->total_bytes);

  self->reader = act_text_reader_new (files, &options);
  self->begun = FALSE;
  self->last_progress = 0;
  return TRUE;
}

static gboolean
gst_act_text_src_stop (GstBaseSrc *src)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (src);

  g_clear_pointer (&self->reader, act_text_reader_free);
  g_clear_pointer (&self->next, g_bytes_unref);
  return TRUE;
}

static gboolean
read_next (GstActTextSrc *self)
{
  g_autoptr (GError) error = NULL;

  if (act_text_reader_next (self->reader, &self->next, &error)) {
    self->next_position = act_text_reader_get_position (self->reader);
    return TRUE;
  }
  gst_act_element_post_error (GST_ELEMENT (self), error);
  return FALSE;
}

static void
push_complete (GstActTextSrc *self, guint64 n_documents)
{
  guint64 n_empty = act_text_reader_get_n_empty (self->reader);

  if (n_empty > 0)
    GST_INFO_OBJECT (
        self, "%" G_GUINT64_FORMAT " empty documents left out", n_empty);
  gst_pad_push_event (
      GST_BASE_SRC_PAD (self), gst_act_event_new_complete (n_documents));
}

static void
post_progress (GstActTextSrc *self, gboolean last)
{
  gint64 now = g_get_monotonic_time ();

  if (!last && now - self->last_progress < PROGRESS_INTERVAL)
    return;
  self->last_progress = now;
  gst_element_post_message (GST_ELEMENT (self),
      gst_act_message_new_progress (
          GST_OBJECT (self), "bytes", self->position, self->total_bytes));
}

static GstFlowReturn
gst_act_text_src_create (GstPushSrc *src, GstBuffer **buffer)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (src);
  g_autoptr (GBytes) document = NULL;
  guint64 index = self->n_documents, position;

  if (!self->begun) {
    if (!read_next (self))
      return GST_FLOW_ERROR;
    self->begun = TRUE;
    if (self->next == NULL)
      push_complete (self, 0);
  }
  if (self->next == NULL)
    return GST_FLOW_EOS;
  document = g_steal_pointer (&self->next);
  position = self->next_position;
  if (!read_next (self))
    return GST_FLOW_ERROR;
  if (self->next == NULL) {
    position = self->total_bytes;
    push_complete (self, index + 1);
  }

  *buffer = gst_buffer_new_wrapped_bytes (document);
  GST_BUFFER_OFFSET (*buffer) = index;
  GST_BUFFER_OFFSET_END (*buffer) = index + 1;
  GST_OBJECT_LOCK (self);
  self->n_documents = index + 1;
  self->position = MIN (position, self->total_bytes);
  self->ended = self->next == NULL;
  GST_OBJECT_UNLOCK (self);
  post_progress (self, self->next == NULL);
  return GST_FLOW_OK;
}

static gboolean
gst_act_text_src_is_seekable (GstBaseSrc *src)
{
  return FALSE;
}

static gboolean
answer_position (GstActTextSrc *self, GstQuery *query)
{
  GstFormat format;

  gst_query_parse_position (query, &format, NULL);
  switch (format) {
  case GST_FORMAT_BYTES:
    gst_query_set_position (query, format, (gint64) self->position);
    return TRUE;
  case GST_FORMAT_DEFAULT:
    gst_query_set_position (query, format, (gint64) self->n_documents);
    return TRUE;
  case GST_FORMAT_PERCENT:
    if (self->total_bytes == 0)
      return FALSE;
    gst_query_set_position (query, format,
        (gint64) gst_util_uint64_scale (
            self->position, GST_FORMAT_PERCENT_MAX, self->total_bytes));
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
answer_duration (GstActTextSrc *self, GstQuery *query)
{
  GstFormat format;

  gst_query_parse_duration (query, &format, NULL);
  switch (format) {
  case GST_FORMAT_BYTES:
    gst_query_set_duration (query, format, (gint64) self->total_bytes);
    return TRUE;
  case GST_FORMAT_DEFAULT: /* known once all is read */
    if (!self->ended)
      return FALSE;
    gst_query_set_duration (query, format, (gint64) self->n_documents);
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
gst_act_text_src_query (GstBaseSrc *src, GstQuery *query)
{
  GstActTextSrc *self = GST_ACT_TEXT_SRC (src);
  gboolean answered;

  if (GST_QUERY_TYPE (query) != GST_QUERY_POSITION
      && GST_QUERY_TYPE (query) != GST_QUERY_DURATION)
    return GST_BASE_SRC_CLASS (parent_class)->query (src, query);
  GST_OBJECT_LOCK (self);
  answered = GST_QUERY_TYPE (query) == GST_QUERY_POSITION
      ? answer_position (self, query)
      : answer_duration (self, query);
  GST_OBJECT_UNLOCK (self);
  return answered;
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "A text file, a folder of them, or a pattern such as \"texts/*.txt\"; "
      "several are separated by commas (\"\\,\" is a comma in a name)",
      NULL, flags);
  props[PROP_LOCATIONS] = gst_param_spec_array ("locations", "Locations",
      "More files, folders and patterns, read after location; names may hold "
      "any character",
      g_param_spec_string ("path", "Path", "A file, folder or pattern", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS),
      flags);
  props[PROP_FORMAT] =
      g_param_spec_enum ("format", "Format", "What of a file is a document",
          GST_TYPE_ACT_TEXT_FORMAT, ACT_TEXT_AUTO, flags);
  props[PROP_TEXT_FIELD] = g_param_spec_string ("text-field", "Text field",
      "With JSON Lines, the field that holds the text", DEFAULT_TEXT_FIELD,
      flags);
  props[PROP_INVALID_UTF8] = g_param_spec_enum ("invalid-utf8", "Invalid UTF-8",
      "What to do with bytes that are not UTF-8", GST_TYPE_ACT_INVALID_UTF8,
      FALSE, flags);
  props[PROP_MAX_DOCUMENT_SIZE] =
      g_param_spec_uint64 ("max-document-size", "Largest document",
          "Bytes a document may have; one that is larger is an error", 1,
          G_MAXINT32, DEFAULT_MAX_DOCUMENT_SIZE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

/* The file is opened here and not in GstBaseSrc's start: when that fails, the
 * base class adds an error message of its own that says nothing. */
static GstStateChangeReturn
gst_act_text_src_change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && !gst_act_text_src_start (GST_BASE_SRC (element)))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && ret == GST_STATE_CHANGE_FAILURE)
    gst_act_text_src_stop (GST_BASE_SRC (element));
  return ret;
}

static void
gst_act_text_src_class_init (GstActTextSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->finalize = gst_act_text_src_finalize;
  object_class->set_property = gst_act_text_src_set_property;
  object_class->get_property = gst_act_text_src_get_property;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "Text source",
      "Source/File/Text",
      "Reads text files, folders of them or JSON Lines, a document a buffer",
      "The gst-activations authors");
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_TEXT_FORMAT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ACT_INVALID_UTF8, 0);

  element_class->change_state =
      GST_DEBUG_FUNCPTR (gst_act_text_src_change_state);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_act_text_src_stop);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_act_text_src_is_seekable);
  src_class->query = GST_DEBUG_FUNCPTR (gst_act_text_src_query);
  GST_PUSH_SRC_CLASS (klass)->create =
      GST_DEBUG_FUNCPTR (gst_act_text_src_create);
}
