/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokenlines.h"

#include <string.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/jsonscan.h"

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

/* what is on a line: the ids of the list in the field */
typedef struct {
  const ActTokenLines *lines;
  const Line *line;
  gint64 *ids; /* NULL: they are counted alone */
  guint n, n_ids;
  gboolean found, failed; /* failed: the error names the line */
} Reader;

static gboolean
fail_reading (Reader *reader, ActJsonScan *scan, const char *what)
{
  reader->failed = TRUE;
  return fail (reader->lines, reader->line, scan->error, what);
}

static gboolean
read_id (ActJsonScan *scan, gpointer data)
{
  Reader *reader = data;
  GError **error = scan->error;
  gboolean is_integer;
  gint64 id;

  scan->error = NULL;
  is_integer = act_json_scan_int (scan, &id);
  scan->error = error;
  if (!is_integer)
    return fail_reading (reader, scan, "a token id is no integer");
  if (reader->ids != NULL && reader->n_ids < reader->n)
    reader->ids[reader->n_ids] = id;
  reader->n_ids++;
  return reader->n_ids < G_MAXINT32
      || fail_reading (reader, scan, "it has too many token ids");
}

static gboolean
read_field (ActJsonScan *scan, const GString *key, gpointer data)
{
  Reader *reader = data;
  const char *field = reader->lines->field;

  if (key->len != strlen (field) || memcmp (key->str, field, key->len) != 0)
    return act_json_scan_skip (scan);
  if (reader->found)
    return fail_reading (reader, scan, "the list of token ids comes twice");
  if (act_json_scan_peek (scan) != '[')
    return act_json_scan_skip (scan);
  reader->found = TRUE;
  return act_json_scan_elements (scan, read_id, reader);
}

static gboolean
scan_line (Reader *reader, const char *text, GError **error)
{
  g_auto (ActJsonScan) scan = { 0 };
  const char *invalid;

  act_json_scan_init (&scan, text, reader->line->length, FALSE, error);
  if (!g_utf8_validate_len (text, reader->line->length, &invalid)) {
    scan.p = invalid;
    return act_json_scan_fail (&scan, "invalid UTF-8");
  }
  return (act_json_scan_peek (&scan) == '{'
                 ? act_json_scan_members (&scan, read_field, reader)
                 : act_json_scan_skip (&scan))
      && act_json_scan_end (&scan);
}

/* n ids to ids, or just how many there are to *n_ids */
static gboolean
parse_line (const ActTokenLines *lines, const Line *line, gint64 *ids, guint n,
    guint *n_ids, GError **error)
{
  const char *data = g_bytes_get_data (lines->bytes, NULL);
  Reader reader = { lines, line, ids, n };

  if (!scan_line (&reader, data + line->begin, error)) {
    if (!reader.failed)
      g_prefix_error (error, "'%s': line %" G_GUINT64_FORMAT ": ",
          lines->filename, line->number);
    return FALSE;
  }
  *n_ids = reader.n_ids;
  if (reader.found)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': line %" G_GUINT64_FORMAT ": \"%s\" is no list of token ids",
      lines->filename, line->number, lines->field);
  return FALSE;
}

static gboolean
set_n_ctx (ActTokenLines *lines, GError **error)
{
  const Line *first = &g_array_index (lines->lines, Line, 0);

  return parse_line (lines, first, NULL, 0, &lines->n_ctx, error)
      && (lines->n_ctx > 0
          || fail (lines, first, error,
              "it has no token ids, expected one at least"));
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
  g_autofree char *what = NULL;
  guint n_ids;

  if (!parse_line (lines, line, ids, lines->n_ctx, &n_ids, error))
    return FALSE;
  if (n_ids == lines->n_ctx)
    return TRUE;
  what =
      g_strdup_printf ("it has %u token ids, expected %u as on the first line",
          n_ids, lines->n_ctx);
  return fail (lines, line, error, what);
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
