/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokenlines.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/json.h"

typedef struct {
  guint64 begin, length;
  guint64 number; /* counted from 1 */
} Line;

struct _ActTokenLines {
  char *filename, *field;
  GBytes *bytes;
  GArray *lines; /* of Line */
  guint n_ctx;
};

static gboolean
is_blank (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (strchr (" \t\r", text[i]) == NULL || text[i] == '\0')
      return FALSE;
  return TRUE;
}

static void
find_lines (ActTokenLines *lines)
{
  gsize size;
  const char *data = g_bytes_get_data (lines->bytes, &size);
  Line line = { 0 };

  for (gsize at = 0; at < size; at = line.begin + line.length + 1) {
    const char *end = memchr (data + at, '\n', size - at);

    line.begin = at;
    line.length = (end != NULL ? (gsize) (end - data) : size) - at;
    line.number++;
    if (!is_blank (data + at, line.length))
      g_array_append_val (lines->lines, line);
  }
}

static gboolean
fail (const ActTokenLines *lines, const Line *line, GError **error,
    const char *what)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': line %" G_GUINT64_FORMAT ": %s", lines->filename, line->number,
      what);
  return FALSE;
}

/* (transfer full) what is on a line; *ids is the list in it */
static JsonNode *
parse_line (const ActTokenLines *lines, const Line *line, JsonArray **ids,
    GError **error)
{
  const char *data = g_bytes_get_data (lines->bytes, NULL);
  g_autofree char *where = g_strdup_printf (
      "%s: line %" G_GUINT64_FORMAT, lines->filename, line->number);
  g_autoptr (JsonNode) root =
      act_json_parse (data + line->begin, line->length, where, error);
  JsonNode *list;

  if (root == NULL)
    return NULL;
  list = JSON_NODE_HOLDS_OBJECT (root)
      ? json_object_get_member (json_node_get_object (root), lines->field)
      : NULL;
  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list)) {
    g_autofree char *what =
        g_strdup_printf ("\"%s\" is no list of token ids", lines->field);

    fail (lines, line, error, what);
    return NULL;
  }
  *ids = json_node_get_array (list);
  return g_steal_pointer (&root);
}

static gboolean
set_n_ctx (ActTokenLines *lines, GError **error)
{
  const Line *first = &g_array_index (lines->lines, Line, 0);
  JsonArray *ids = NULL;
  g_autoptr (JsonNode) root = NULL;

  if (lines->lines->len == 0)
    return TRUE;
  root = parse_line (lines, first, &ids, error);
  if (root == NULL)
    return FALSE;
  lines->n_ctx = json_array_get_length (ids);
  return lines->n_ctx > 0
      || fail (lines, first, error,
          "it has no token ids, expected one at "
          "least");
}

ActTokenLines *
act_token_lines_open (const char *filename, const char *field, GError **error)
{
  g_autoptr (ActTokenLines) lines = g_new0 (ActTokenLines, 1);

  lines->filename = g_strdup (filename);
  lines->field = g_strdup (field);
  lines->lines = g_array_new (FALSE, FALSE, sizeof (Line));
  lines->bytes = act_file_map (filename, error);
  if (lines->bytes == NULL)
    return NULL;
  find_lines (lines);
  if (lines->lines->len == 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "'%s' has no lines, expected a sample at least", filename);
    return NULL;
  }
  return set_n_ctx (lines, error) ? g_steal_pointer (&lines) : NULL;
}

void
act_token_lines_free (ActTokenLines *lines)
{
  if (lines == NULL)
    return;
  g_clear_pointer (&lines->bytes, g_bytes_unref);
  g_array_unref (lines->lines);
  g_free (lines->field);
  g_free (lines->filename);
  g_free (lines);
}

guint64
act_token_lines_get_n_samples (const ActTokenLines *lines)
{
  return lines->lines->len;
}

guint
act_token_lines_get_n_ctx (const ActTokenLines *lines)
{
  return lines->n_ctx;
}

static gboolean
read_line (
    const ActTokenLines *lines, const Line *line, gint64 *ids, GError **error)
{
  JsonArray *list = NULL;
  g_autoptr (JsonNode) root = parse_line (lines, line, &list, error);

  if (root == NULL)
    return FALSE;
  if (json_array_get_length (list) != lines->n_ctx) {
    g_autofree char *what = g_strdup_printf (
        "it has %u token ids, expected %u as on the first line",
        json_array_get_length (list), lines->n_ctx);

    return fail (lines, line, error, what);
  }
  for (guint i = 0; i < lines->n_ctx; i++) {
    JsonNode *id = json_array_get_element (list, i);

    if (!JSON_NODE_HOLDS_VALUE (id)
        || json_node_get_value_type (id) != G_TYPE_INT64)
      return fail (lines, line, error, "a token id is no integer");
    ids[i] = json_node_get_int (id);
  }
  return TRUE;
}

gboolean
act_token_lines_read (const ActTokenLines *lines, guint64 first_sample,
    guint n_samples, gint64 *ids, GError **error)
{
  for (guint i = 0; i < n_samples; i++)
    if (!read_line (lines,
            &g_array_index (lines->lines, Line, first_sample + i),
            ids + (gsize) i * lines->n_ctx, error))
      return FALSE;
  return TRUE;
}
