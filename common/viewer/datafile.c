/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/datafile.h"

#include <string.h>

#include "formats/deflate.h"
#include "formats/output.h"

/* base64 of a piece that deflate gives, and what is left of the one before */
#define TEXT_PIECE ((gsize) 48 << 10)
#define TEXT_SIZE (TEXT_PIECE / 3 * 4 + 8)

/* RFC 1952: deflate, no flags, no time, no level, OS unknown */
static const guint8 gzip_header[10] = { 0x1f, 0x8b, 8, [9] = 255 };

struct _ActDataFile {
  ActOutputFile *out;
  ActDeflate *deflate;
  guint32 crc;
  guint32 size; /* of the JSON, modulo 2^32, as gzip has it */
  /* of the base64 */
  gint state;
  gint save;
  char text[TEXT_SIZE];
};

static gboolean
write_packed (gpointer to, const void *data, gsize size, GError **error)
{
  ActDataFile *file = to;
  const guchar *p = data;

  while (size > 0) {
    gsize n = MIN (size, TEXT_PIECE);
    gsize length = g_base64_encode_step (
        p, n, FALSE, file->text, &file->state, &file->save);

    if (!act_output_file_write (file->out, file->text, length, error))
      return FALSE;
    p += n;
    size -= n;
  }
  return TRUE;
}

ActDataFile *
act_data_file_new (const char *folder, const char *name, GError **error)
{
  g_autofree char *base = g_strconcat (name, ".js", NULL);
  g_autofree char *path = g_build_filename (folder, base, NULL);
  g_autofree char *begin = g_strdup_printf ("actdata(\"%s\", \"", name);
  g_autoptr (ActDataFile) file = g_new0 (ActDataFile, 1);

  file->deflate = act_deflate_new ();
  file->out = act_output_file_new (path, error);
  if (file->out == NULL
      || !act_output_file_write (file->out, begin, strlen (begin), error)
      || !write_packed (file, gzip_header, sizeof gzip_header, error))
    return NULL;
  return g_steal_pointer (&file);
}

ActDataFile *
act_data_file_new_part (
    const char *folder, const char *name, guint part, GError **error)
{
  g_autofree char *full = g_strdup_printf ("%s-%03u", name, part);

  return act_data_file_new (folder, full, error);
}

void
act_data_file_free (ActDataFile *file)
{
  if (file == NULL)
    return;
  act_output_file_free (file->out);
  act_deflate_free (file->deflate);
  g_free (file);
}

gboolean
act_data_file_append (
    ActDataFile *file, const char *json, gsize length, GError **error)
{
  file->crc = act_deflate_crc (file->crc, json, length);
  file->size += (guint32) length;
  return act_deflate_append (
      file->deflate, json, length, FALSE, write_packed, file, error);
}

gboolean
act_data_file_append_string (
    ActDataFile *file, const char *json, GError **error)
{
  return act_data_file_append (file, json, strlen (json), error);
}

/* what gzip and base64 end with */
static gboolean
write_end (ActDataFile *file, GError **error)
{
  guint32 trailer[2] = { GUINT32_TO_LE (file->crc),
    GUINT32_TO_LE (file->size) };
  static const char end[] = "\");\n";
  gsize length;

  if (!act_deflate_append (
          file->deflate, NULL, 0, TRUE, write_packed, file, error)
      || !write_packed (file, trailer, sizeof trailer, error))
    return FALSE;
  length = g_base64_encode_close (FALSE, file->text, &file->state, &file->save);
  return act_output_file_write (file->out, file->text, length, error)
      && act_output_file_write (file->out, end, sizeof end - 1, error);
}

gboolean
act_data_file_close (ActDataFile *file, GError **error)
{
  gboolean ok = write_end (file, error)
      && act_output_file_close (g_steal_pointer (&file->out), error);

  act_data_file_free (file);
  return ok;
}

gboolean
act_data_file_write (const char *folder, const char *name, const char *json,
    gsize length, GError **error)
{
  g_autoptr (ActDataFile) file = act_data_file_new (folder, name, error);

  return file != NULL && act_data_file_append (file, json, length, error)
      && act_data_file_close (g_steal_pointer (&file), error);
}
