/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "text/textreader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"
#include "text/jsonline.h"
#include "text/textfiles.h"
#include "tokenizer/charclass.h"

#define BUFFER_SIZE (256 << 10)

struct _ActTextReader {
  GPtrArray *files;
  ActTextOptions options;
  char *field;

  guint next_file;
  const ActTextFile *file; /* the open one */
  ActTextFormat format;    /* its */
  int fd;
  char *buffer;
  gsize begin, end; /* what of the buffer is not used yet */
  gboolean at_end;  /* nothing left to read into it */
  guint64 offset;   /* in the file, of begin */
  guint64 line;     /* of the file, from 1 */

  guint64 done_files; /* bytes of the files before */
  guint64 n_empty;
};

ActTextReader *
act_text_reader_new (GPtrArray *files, const ActTextOptions *options)
{
  ActTextReader *self = g_new0 (ActTextReader, 1);

  self->files = g_ptr_array_ref (files);
  self->options = *options;
  self->field = g_strdup (options->field);
  self->options.field = self->field;
  self->fd = -1;
  self->buffer = g_malloc (BUFFER_SIZE);
  return self;
}

void
act_text_reader_free (ActTextReader *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_ptr_array_unref (self->files);
  g_free (self->field);
  g_free (self->buffer);
  g_free (self);
}

guint64
act_text_reader_get_position (const ActTextReader *self)
{
  return self->done_files + (self->file != NULL ? self->offset : 0);
}

guint64
act_text_reader_get_n_empty (const ActTextReader *self)
{
  return self->n_empty;
}

/* "'FILE'" or "'FILE' line N" */
static char *
where (const ActTextReader *self)
{
  if (self->format == ACT_TEXT_PLAIN)
    return g_strdup_printf ("'%s'", self->file->name);
  return g_strdup_printf (
      "'%s' line %" G_GUINT64_FORMAT, self->file->name, self->line);
}

static gboolean
fill (ActTextReader *self, GError **error)
{
  gssize n;

  do
    n = read (self->fd, self->buffer, BUFFER_SIZE);
  while (n < 0 && errno == EINTR);
  if (n < 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", self->file->name);
    return FALSE;
  }
  self->begin = 0;
  self->end = (gsize) n;
  self->at_end = n == 0;
  return TRUE;
}

static gboolean
fail_size (ActTextReader *self, GError **error)
{
  g_autofree char *place = where (self);

  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "%s: a document of more than %" G_GUINT64_FORMAT
      " bytes, see max-document-size",
      place, self->options.max_size);
  return FALSE;
}

/* appends the rest of the file, or of the line with its \n */
static gboolean
read_on (ActTextReader *self, gboolean whole, GString *out, GError **error)
{
  for (;;) {
    const char *from = self->buffer + self->begin, *newline = NULL;
    gsize n = self->end - self->begin;

    if (n == 0) {
      if (!self->at_end && !fill (self, error))
        return FALSE;
      if (self->at_end)
        return TRUE;
      continue;
    }
    if (!whole)
      newline = memchr (from, '\n', n);
    if (newline != NULL)
      n = (gsize) (newline - from) + 1;
    /* a line's end does not count */
    if (out->len + n > self->options.max_size + 2)
      return fail_size (self, error);
    g_string_append_len (out, from, (gssize) n);
    self->begin += n;
    self->offset += n;
    if (newline != NULL)
      return TRUE;
  }
}

static gboolean
check_start (ActTextReader *self, GError **error)
{
  const guint8 *p = (const guint8 *) self->buffer;

  if (!fill (self, error))
    return FALSE;
  /* a short read at a file's start can only be a short file */
  if (self->end >= 2
      && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' begins with the byte order mark of UTF-16, expected UTF-8",
        self->file->name);
    return FALSE;
  }
  if (self->end >= 3 && memcmp (p, "\357\273\277", 3) == 0)
    self->begin = self->offset = 3;
  return TRUE;
}

static ActTextFormat
format_of (const ActTextReader *self, const char *name)
{
  if (self->options.format != ACT_TEXT_AUTO)
    return self->options.format;
  return g_str_has_suffix (name, ".jsonl") || g_str_has_suffix (name, ".ndjson")
      ? ACT_TEXT_JSONL
      : ACT_TEXT_PLAIN;
}

static gboolean
open_next (ActTextReader *self, GError **error)
{
  const ActTextFile *file = g_ptr_array_index (self->files, self->next_file);
  guint64 size;

  self->fd = act_file_open (file->name, &size, error);
  if (self->fd < 0)
    return FALSE;
  self->next_file++;
  self->file = file;
  self->format = format_of (self, file->name);
  self->begin = self->end = 0;
  self->at_end = FALSE;
  self->offset = 0;
  self->line = 0;
  return check_start (self, error);
}

static void
close_file (ActTextReader *self)
{
  close (self->fd);
  self->fd = -1;
  self->done_files += self->file->size;
  self->file = NULL;
}

/* offset: in the file, of the text's first byte */
static GString *
check_utf8 (ActTextReader *self, GString *text, guint64 offset, GError **error)
{
  GString *replaced;
  gsize valid, bad;

  if (act_utf8_check (text->str, text->len, &valid, &bad))
    return text;
  if (!self->options.replace) {
    g_autofree char *place = where (self);

    g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
        "%s: not UTF-8 at byte %" G_GUINT64_FORMAT
        " of the file (0x%02x), expected UTF-8 (or invalid-utf8 set to "
        "replace)",
        place, offset + valid, (guint8) text->str[valid]);
    g_string_free (text, TRUE);
    return NULL;
  }
  replaced = act_utf8_replace (text->str, text->len);
  g_string_free (text, TRUE);
  return replaced;
}

static void
chop_newline (GString *line)
{
  if (line->len > 0 && line->str[line->len - 1] == '\n')
    g_string_truncate (line, line->len - 1);
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate (line, line->len - 1);
}

static gboolean
is_blank (const GString *line)
{
  for (gsize i = 0; i < line->len; i++) {
    if (!g_ascii_isspace (line->str[i]))
      return FALSE;
  }
  return TRUE;
}

/* the document on a line of JSON Lines; takes the line */
static GString *
unwrap (ActTextReader *self, GString *line, GError **error)
{
  GString *text = g_string_new (NULL);
  GError *local_error = NULL;

  if (!is_blank (line)
      && !act_json_line_get_string (line->str, line->len, self->field,
          self->options.replace, text, &local_error)) {
    g_autofree char *place = where (self);

    g_propagate_prefixed_error (error, local_error, "%s: ", place);
    g_string_free (text, TRUE);
    text = NULL;
  }
  g_string_free (line, TRUE);
  return text;
}

/* the next document of the open file, which is not at its end; may be empty */
static GString *
read_document (ActTextReader *self, GError **error)
{
  gboolean whole = self->format == ACT_TEXT_PLAIN;
  GString *text = g_string_sized_new (
      whole ? MIN (self->file->size, self->options.max_size) + 2 : 256);
  guint64 offset = self->offset;
  gboolean ok;

  self->line++;
  ok = read_on (self, whole, text, error);
  if (ok && !whole)
    chop_newline (text);
  if (ok && text->len > self->options.max_size)
    ok = fail_size (self, error);
  if (!ok) {
    g_string_free (text, TRUE);
    return NULL;
  }
  text = check_utf8 (self, text, offset, error);
  if (text != NULL && self->format == ACT_TEXT_JSONL)
    text = unwrap (self, text, error);
  return text;
}

gboolean
act_text_reader_next (ActTextReader *self, GBytes **document, GError **error)
{
  *document = NULL;
  for (;;) {
    GString *text;

    if (self->file == NULL) {
      if (self->next_file == self->files->len)
        return TRUE;
      if (!open_next (self, error))
        return FALSE;
      if (self->at_end) /* an empty file */
        self->n_empty++;
    }
    if (self->begin == self->end && !self->at_end && !fill (self, error))
      return FALSE;
    if (self->at_end) {
      close_file (self);
      continue;
    }
    text = read_document (self, error);
    if (text == NULL)
      return FALSE;
    if (text->len > 0) {
      *document = g_string_free_to_bytes (text);
      return TRUE;
    }
    self->n_empty++;
    g_string_free (text, TRUE);
  }
}
