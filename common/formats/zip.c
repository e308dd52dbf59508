/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"

#define PIECE_SIZE 65536

typedef struct archive Reader;

static void
reader_free (Reader *reader)
{
  archive_read_free (reader);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reader, reader_free)

static const char *
archive_error (struct archive *archive)
{
  const char *message = archive_error_string (archive);

  return message ? message : "unknown error";
}

/* Unpacks the current member; grows with what really comes, so that a false
 * size in the header costs nothing. */
static GBytes *
read_entry (Reader *reader, const char *filename, const char *member,
    gsize max_size, GError **error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autofree guint8 *piece = g_malloc (PIECE_SIZE);

  for (;;) {
    gssize n = archive_read_data (reader, piece, PIECE_SIZE);

    if (n == 0)
      return g_byte_array_free_to_bytes (g_steal_pointer (&data));
    if (n < 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': member '%s': %s",
          filename, member, archive_error (reader));
      return NULL;
    }
    if ((gsize) n > max_size - data->len) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': member '%s' has more than %" G_GSIZE_FORMAT " bytes unpacked",
          filename, member, max_size);
      return NULL;
    }
    g_byte_array_append (data, piece, n);
  }
}

/* Stands at the member's data when it returns TRUE. */
static gboolean
find_entry (Reader *reader, const char *filename, const char *member,
    gsize max_size, struct archive_entry **found, GError **error)
{
  struct archive_entry *entry;
  int status;

  while ((status = archive_read_next_header (reader, &entry)) == ARCHIVE_OK
      || status == ARCHIVE_WARN) {
    const char *path = archive_entry_pathname_utf8 (entry);

    if (path == NULL)
      path = archive_entry_pathname (entry);
    if (path == NULL || strcmp (path, member) != 0)
      continue;
    if (archive_entry_filetype (entry) != AE_IFREG) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': member '%s' is no file", filename, member);
      return FALSE;
    }
    if (archive_entry_size_is_set (entry)
        && (archive_entry_size (entry) < 0
            || (guint64) archive_entry_size (entry) > max_size)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s': member '%s' has %" G_GINT64_FORMAT
          " bytes unpacked, expected at most %" G_GSIZE_FORMAT,
          filename, member, (gint64) archive_entry_size (entry), max_size);
      return FALSE;
    }
    *found = entry;
    return TRUE;
  }
  if (status == ARCHIVE_EOF)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s' has no member '%s'",
        filename, member);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid zip archive: %s", filename, archive_error (reader));
  return FALSE;
}

static Reader *
open_archive (GBytes *bytes, const char *filename, GError **error)
{
  g_autoptr (Reader) reader = archive_read_new ();
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  archive_read_support_format_zip_seekable (reader);
  if (size == 0
      || archive_read_open_memory (reader, data, size) != ARCHIVE_OK) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid zip archive: %s", filename,
        size == 0 ? "the file is empty" : archive_error (reader));
    return NULL;
  }
  return g_steal_pointer (&reader);
}

GBytes *
act_zip_read_member (
    const char *filename, const char *member, gsize max_size, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);
  g_autoptr (Reader) reader = NULL;
  struct archive_entry *entry;

  /* GByteArray counts in guint */
  max_size = MIN (max_size, G_MAXUINT / 2);
  if (bytes != NULL)
    reader = open_archive (bytes, filename, error);
  if (reader == NULL
      || !find_entry (reader, filename, member, max_size, &entry, error))
    return NULL;
  return read_entry (reader, filename, member, max_size, error);
}

/* --- a member as a stream --- */

struct _ActZipMember {
  char *filename, *member;
  GBytes *bytes;
  Reader *reader;
  guint64 size;
};

ActZipMember *
act_zip_member_open (const char *filename, const char *member, GError **error)
{
  g_autoptr (ActZipMember) self = g_new0 (ActZipMember, 1);
  struct archive_entry *entry;

  self->filename = g_strdup (filename);
  self->member = g_strdup (member);
  self->bytes = act_file_map (filename, error);
  if (self->bytes != NULL)
    self->reader = open_archive (self->bytes, filename, error);
  if (self->reader == NULL
      || !find_entry (
          self->reader, filename, member, G_MAXSSIZE, &entry, error))
    return NULL;
  if (!archive_entry_size_is_set (entry)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': the size of member '%s' is not known", filename, member);
    return NULL;
  }
  self->size = (guint64) archive_entry_size (entry);
  return g_steal_pointer (&self);
}

void
act_zip_member_free (ActZipMember *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->reader, reader_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->filename);
  g_free (self->member);
  g_free (self);
}

guint64
act_zip_member_get_size (const ActZipMember *self)
{
  return self->size;
}

gboolean
act_zip_member_read (ActZipMember *self, void *data, gsize size, GError **error)
{
  guint8 *p = data;

  while (size > 0) {
    gssize n = archive_read_data (self->reader, p, size);

    if (n <= 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': member '%s': %s",
          self->filename, self->member,
          n < 0 ? archive_error (self->reader)
                : "it ends before its size says so");
      return FALSE;
    }
    p += n;
    size -= (gsize) n;
  }
  return TRUE;
}

gboolean
act_zip_member_skip (ActZipMember *self, guint64 size, GError **error)
{
  g_autofree guint8 *piece = g_malloc (MIN (size, PIECE_SIZE) + 1);

  while (size > 0) {
    gsize n = MIN (size, PIECE_SIZE);

    if (!act_zip_member_read (self, piece, n, error))
      return FALSE;
    size -= n;
  }
  return TRUE;
}
