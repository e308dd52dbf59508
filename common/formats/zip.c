/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"

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

struct _ActZipWriter {
  struct archive *archive;
  ActOutputFile *file;
  GError *write_error; /* of the callback, for whoever called libarchive */
  char *filename;
  char *member;
  guint64 left; /* bytes of the member still to come */
  gboolean discard;
};

/* Never fails: after an error, or when the archive is given up, what comes is
 * thrown away. An archive that has failed cannot be closed, and what is not
 * closed is not freed by libarchive (the compressor of an open member). */
static la_ssize_t
write_callback (
    struct archive *archive, void *user_data, const void *data, size_t size)
{
  ActZipWriter *zip = user_data;

  if (!zip->discard && zip->write_error == NULL)
    act_output_file_write (zip->file, data, size, &zip->write_error);
  return size;
}

static gboolean
check (ActZipWriter *zip, int status, GError **error)
{
  if (zip->write_error != NULL) {
    g_propagate_error (error, g_steal_pointer (&zip->write_error));
    return FALSE;
  }
  if (status == ARCHIVE_OK)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED, "cannot write '%s': %s",
      zip->filename, archive_error (zip->archive));
  return FALSE;
}

ActZipWriter *
act_zip_writer_new (const char *filename, GError **error)
{
  g_autoptr (ActZipWriter) zip = NULL;
  ActOutputFile *file = act_output_file_new (filename, error);

  if (file == NULL)
    return NULL;
  zip = g_new0 (ActZipWriter, 1);
  zip->file = file;
  zip->filename = g_strdup (filename);
  zip->archive = archive_write_new ();
  archive_write_set_format_zip (zip->archive);
  archive_write_zip_set_compression_deflate (zip->archive);
  /* arrays of mostly zeros: higher levels cost several times as much and save
   * little */
  archive_write_set_format_option (
      zip->archive, "zip", "compression-level", "1");
  /* no padding to tape blocks */
  archive_write_set_bytes_in_last_block (zip->archive, 1);
  if (!check (zip,
          archive_write_open (zip->archive, zip, NULL, write_callback, NULL),
          error))
    return NULL;
  return g_steal_pointer (&zip);
}

gboolean
act_zip_writer_begin (
    ActZipWriter *zip, const char *member, guint64 size, GError **error)
{
  struct archive_entry *entry = archive_entry_new ();
  int status;

  g_return_val_if_fail (zip->member == NULL && size <= G_MAXINT64, FALSE);
  archive_entry_set_pathname_utf8 (entry, member);
  archive_entry_set_size (entry, size);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0644);
  status = archive_write_header (zip->archive, entry);
  archive_entry_free (entry);
  if (!check (zip, status, error))
    return FALSE;
  zip->member = g_strdup (member);
  zip->left = size;
  return TRUE;
}

gboolean
act_zip_writer_append (
    ActZipWriter *zip, const void *data, gsize size, GError **error)
{
  const guint8 *p = data;

  if (size > zip->left) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': member '%s' gets more bytes than were announced", zip->filename,
        zip->member);
    return FALSE;
  }
  zip->left -= size;
  while (size > 0) {
    gssize n = archive_write_data (zip->archive, p, size);

    if (n <= 0)
      return check (zip, ARCHIVE_FATAL, error);
    p += n;
    size -= n;
  }
  return check (zip, ARCHIVE_OK, error);
}

gboolean
act_zip_writer_end (ActZipWriter *zip, GError **error)
{
  if (zip->left > 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': member '%s' lacks %" G_GUINT64_FORMAT
        " of the bytes that were announced",
        zip->filename, zip->member, zip->left);
    return FALSE;
  }
  g_clear_pointer (&zip->member, g_free);
  return check (zip, archive_write_finish_entry (zip->archive), error);
}

gboolean
act_zip_writer_close (ActZipWriter *zip, GError **error)
{
  gboolean ok = check (zip, archive_write_close (zip->archive), error);

  if (ok)
    ok = act_output_file_close (g_steal_pointer (&zip->file), error);
  act_zip_writer_free (zip);
  return ok;
}

void
act_zip_writer_free (ActZipWriter *zip)
{
  if (zip == NULL)
    return;
  /* freeing closes, which writes the directory */
  zip->discard = TRUE;
  archive_write_free (zip->archive);
  act_output_file_free (zip->file);
  g_clear_error (&zip->write_error);
  g_free (zip->filename);
  g_free (zip->member);
  g_free (zip);
}
