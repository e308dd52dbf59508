/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "acterror.h"
#include "formats/file.h"

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
  g_autofree guint8 *piece = g_malloc (65536);

  for (;;) {
    gssize n = archive_read_data (reader, piece, 65536);

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
    gsize max_size, GError **error)
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

GBytes *
act_zip_read_member (
    const char *filename, const char *member, gsize max_size, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);
  g_autoptr (Reader) reader = archive_read_new ();
  const void *data;
  gsize size;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  /* GByteArray counts in guint */
  max_size = MIN (max_size, G_MAXUINT / 2);
  archive_read_support_format_zip_seekable (reader);
  if (size == 0
      || archive_read_open_memory (reader, data, size) != ARCHIVE_OK) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid zip archive: %s", filename,
        size == 0 ? "the file is empty" : archive_error (reader));
    return NULL;
  }
  if (!find_entry (reader, filename, member, max_size, error))
    return NULL;
  return read_entry (reader, filename, member, max_size, error);
}
