/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"

#define FIRST_ROOM (256 << 10)
#define MAX_LINE ((gsize) 1 << 30)

struct _ActLines {
  char *filename;
  int fd;
  char *buffer;
  gsize room, begin, end;
  gboolean at_end; /* of the file: nothing comes into the buffer any more */
  guint64 number;
};

ActLines *
act_lines_open (const char *filename, GError **error)
{
  guint64 size;
  int fd = act_file_open (filename, &size, error);
  ActLines *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (ActLines, 1);
  self->filename = g_strdup (filename);
  self->fd = fd;
  self->room = FIRST_ROOM;
  self->buffer = g_malloc (self->room);
  return self;
}

void
act_lines_free (ActLines *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self->filename);
  g_free (self->buffer);
  g_free (self);
}

/* more bytes behind those not used yet, which move to the front */
static gboolean
fill (ActLines *self, GError **error)
{
  gssize n;

  memmove (self->buffer, self->buffer + self->begin, self->end - self->begin);
  self->end -= self->begin;
  self->begin = 0;
  if (self->end == self->room) {
    if (self->room >= MAX_LINE) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s' line %" G_GUINT64_FORMAT " is longer than %" G_GSIZE_FORMAT
          " bytes",
          self->filename, self->number + 1, MAX_LINE);
      return FALSE;
    }
    self->room *= 2;
    self->buffer = g_realloc (self->buffer, self->room);
  }
  do
    n = read (self->fd, self->buffer + self->end, self->room - self->end);
  while (n < 0 && errno == EINTR);
  if (n < 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", self->filename);
    return FALSE;
  }
  self->at_end = n == 0;
  self->end += (gsize) n;
  return TRUE;
}

gboolean
act_lines_next (
    ActLines *self, const char **line, gsize *length, GError **error)
{
  gsize seen = 0;

  *line = NULL;
  for (;;) {
    const char *from = self->buffer + self->begin;
    const char *newline =
        memchr (from + seen, '\n', self->end - self->begin - seen);

    if (newline == NULL && !self->at_end) {
      seen = self->end - self->begin;
      if (!fill (self, error))
        return FALSE;
      continue;
    }
    if (newline == NULL && self->begin == self->end)
      return TRUE;
    *line = from;
    *length = newline ? (gsize) (newline - from) : self->end - self->begin;
    self->begin += *length + (newline != NULL);
    self->number++;
    return TRUE;
  }
}

gboolean
act_lines_seek (ActLines *self, guint64 number, GError **error)
{
  const char *line;
  gsize length;

  g_return_val_if_fail (number >= self->number, FALSE);
  while (self->number < number) {
    if (!act_lines_next (self, &line, &length, error))
      return FALSE;
    if (line == NULL)
      break;
  }
  if (self->number == number && self->begin == self->end && !self->at_end
      && !fill (self, error))
    return FALSE;
  if (self->number == number && self->begin < self->end)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' has %" G_GUINT64_FORMAT " lines, expected line %" G_GUINT64_FORMAT,
      self->filename, self->number, number + 1);
  return FALSE;
}

guint64
act_lines_get_number (const ActLines *self)
{
  return self->number;
}

void
act_lines_prefix (const ActLines *self, GError **error)
{
  g_prefix_error (
      error, "'%s' line %" G_GUINT64_FORMAT ": ", self->filename, self->number);
}
