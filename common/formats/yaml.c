/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/yaml.h"

#include <string.h>
#include <yaml.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/yamlscalar.h"

#define MAX_DEPTH 64
#define MAX_FILE_SIZE ((gsize) 1 << 20)
/* a mapping is a hash table whose keys a file could choose to collide */
#define MAX_KEYS 4096

typedef struct {
  const char *filename;
  yaml_parser_t parser;
} Reader;

static void
reader_clear (Reader *reader)
{
  yaml_parser_delete (&reader->parser);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (yaml_event_t, yaml_event_delete)

static gboolean
fail (const Reader *reader, gsize line, GError **error, const char *what)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': line %" G_GSIZE_FORMAT ": %s", reader->filename, line + 1, what);
  return FALSE;
}

static gboolean
next_event (Reader *reader, yaml_event_t *event, GError **error)
{
  if (yaml_parser_parse (&reader->parser, event))
    return TRUE;
  return fail (reader, reader->parser.problem_mark.line, error,
      reader->parser.problem ? reader->parser.problem : "it is no valid YAML");
}

/* a string of YAML may hold U+0000; ours do not */
static gboolean
check_scalar (const Reader *reader, const yaml_event_t *event, GError **error)
{
  if (event->data.scalar.tag != NULL)
    return fail (
        reader, event->start_mark.line, error, "a tag (!..) is not supported");
  if (strlen ((const char *) event->data.scalar.value)
      != event->data.scalar.length)
    return fail (
        reader, event->start_mark.line, error, "a string holds U+0000");
  return TRUE;
}

static JsonNode *
read_scalar (const Reader *reader, const yaml_event_t *event, GError **error)
{
  const char *text = (const char *) event->data.scalar.value, *problem;
  JsonNode *node;

  if (!check_scalar (reader, event, error))
    return NULL;
  if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
    return json_node_init_string (json_node_alloc (), text);
  node = act_yaml_scalar_new (text, &problem);
  if (node == NULL)
    fail (reader, event->start_mark.line, error, problem);
  return node;
}

static JsonNode *read_node (
    Reader *reader, const yaml_event_t *event, guint depth, GError **error);

static JsonNode *
read_list (Reader *reader, guint depth, GError **error)
{
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node;

  for (;;) {
    g_auto (yaml_event_t) event = { 0 };
    JsonNode *item;

    if (!next_event (reader, &event, error))
      return NULL;
    if (event.type == YAML_SEQUENCE_END_EVENT)
      break;
    item = read_node (reader, &event, depth + 1, error);
    if (item == NULL)
      return NULL;
    json_array_add_element (array, item);
  }
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_set_array (node, array);
  return node;
}

/* one key and its value */
static gboolean
read_pair (Reader *reader, const yaml_event_t *key, JsonObject *object,
    guint depth, GError **error)
{
  g_auto (yaml_event_t) event = { 0 };
  const char *name;
  JsonNode *value;

  if (key->type != YAML_SCALAR_EVENT)
    return fail (
        reader, key->start_mark.line, error, "expected a string as a key");
  if (!check_scalar (reader, key, error))
    return FALSE;
  if (json_object_get_size (object) == MAX_KEYS)
    return fail (reader, key->start_mark.line, error,
        "a mapping has more than 4096 keys");
  name = (const char *) key->data.scalar.value;
  if (key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
      && strcmp (name, "<<") == 0)
    return fail (
        reader, key->start_mark.line, error, "a merge (<<) is not supported");
  if (json_object_has_member (object, name))
    return fail (
        reader, key->start_mark.line, error, "a key comes a second time");
  if (!next_event (reader, &event, error))
    return FALSE;
  value = read_node (reader, &event, depth + 1, error);
  if (value == NULL)
    return FALSE;
  json_object_set_member (object, name, value);
  return TRUE;
}

static JsonNode *
read_mapping (Reader *reader, guint depth, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node;

  for (;;) {
    g_auto (yaml_event_t) event = { 0 };

    if (!next_event (reader, &event, error))
      return NULL;
    if (event.type == YAML_MAPPING_END_EVENT)
      break;
    if (!read_pair (reader, &event, object, depth, error))
      return NULL;
  }
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  return node;
}

static JsonNode *
read_node (
    Reader *reader, const yaml_event_t *event, guint depth, GError **error)
{
  gsize line = event->start_mark.line;

  if (depth > MAX_DEPTH) {
    fail (reader, line, error, "it is nested too deep");
    return NULL;
  }
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    return read_scalar (reader, event, error);
  case YAML_SEQUENCE_START_EVENT:
    if (event->data.sequence_start.tag == NULL)
      return read_list (reader, depth, error);
    break;
  case YAML_MAPPING_START_EVENT:
    if (event->data.mapping_start.tag == NULL)
      return read_mapping (reader, depth, error);
    break;
  case YAML_ALIAS_EVENT:
    fail (reader, line, error, "an alias (*..) is not supported");
    return NULL;
  default:
    fail (reader, line, error, "expected a mapping, a list or a scalar");
    return NULL;
  }
  fail (reader, line, error, "a tag (!..) is not supported");
  return NULL;
}

static gboolean
expect (Reader *reader, yaml_event_type_t type, GError **error)
{
  g_auto (yaml_event_t) event = { 0 };

  if (!next_event (reader, &event, error))
    return FALSE;
  if (event.type == type)
    return TRUE;
  return fail (
      reader, event.start_mark.line, error, "expected one document of YAML");
}

static JsonNode *
read_document (Reader *reader, GError **error)
{
  g_auto (yaml_event_t) event = { 0 };
  g_autoptr (JsonNode) root = NULL;

  if (!expect (reader, YAML_STREAM_START_EVENT, error)
      || !expect (reader, YAML_DOCUMENT_START_EVENT, error)
      || !next_event (reader, &event, error))
    return NULL;
  root = read_node (reader, &event, 0, error);
  if (root == NULL || !expect (reader, YAML_DOCUMENT_END_EVENT, error)
      || !expect (reader, YAML_STREAM_END_EVENT, error))
    return NULL;
  return g_steal_pointer (&root);
}

static gboolean
begins_line (const guint8 *data, gsize at)
{
  /* all that YAML 1.1 breaks lines at */
  static const char *const breaks[] = { "\n", "\r", "\302\205", "\342\200\250",
    "\342\200\251" };

  if (at == 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (breaks); i++) {
    gsize n = strlen (breaks[i]);

    if (at >= n && memcmp (data + at - n, breaks[i], n) == 0)
      return TRUE;
  }
  return FALSE;
}

/* libyaml compares each %TAG with all before it, within the first event
 * already, so they must not get there. */
static gboolean
check_directives (
    const Reader *reader, const guint8 *data, gsize size, GError **error)
{
  gsize line = 0;

  for (gsize at = 0; at < size; at++) {
    line += data[at] == '\n';
    if (data[at] == '%' && begins_line (data, at))
      return fail (reader, line, error, "a directive (%..) is not supported");
  }
  return TRUE;
}

JsonNode *
act_yaml_read_file (const char *filename, gsize max_size, GError **error)
{
  g_autoptr (GBytes) bytes =
      act_file_read (filename, MIN (max_size, MAX_FILE_SIZE), error);
  g_auto (Reader) reader = { filename };
  const guint8 *data;
  gsize size;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  if (size >= 3 && memcmp (data, "\357\273\277", 3) == 0) {
    data += 3; /* a byte order mark */
    size -= 3;
  }
  if (!check_directives (&reader, data, size, error))
    return NULL;
  if (!yaml_parser_initialize (&reader.parser)) {
    g_set_error (
        error, ACT_ERROR, ACT_ERROR_FAILED, "'%s': no memory for it", filename);
    return NULL;
  }
  yaml_parser_set_encoding (&reader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string (&reader.parser, data, size);
  return read_document (&reader, error);
}
