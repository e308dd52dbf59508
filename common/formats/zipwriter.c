/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/zip.h"

#include <string.h>

#include "acterror.h"
#include "formats/deflate.h"
#include "formats/output.h"

/* A zip, little-endian throughout:
 *
 *   for each member: 'PK\3\4' header, name, packed bytes, 'PK\7\8' descriptor
 *   for each member: 'PK\1\2' entry of the directory, name
 *   'PK\6\6' and 'PK\6\7' where the end below is too small for the numbers
 *   'PK\5\6' end
 *
 * CRC and packed size are known only after a member, so they are in its
 * descriptor (flag 3). A member that may need them has sizes of 64 bits: its
 * header says so with an extra field, its descriptor has them. */
#define FLAGS 0x0808 /* a descriptor follows; the name is UTF-8 */
#define DEFLATED 8
#define DATE 0x21 /* 1980-01-01 */
#define VERSION 20
#define VERSION_64 45
#define MADE_BY_UNIX 0x0300
#define MODE (0100644u << 16)
#define MAX_32 0xffffffffu
/* more than deflate can add to a piece that it cannot pack */
#define MAY_ADD(size) ((size) / 1000 + 65536)

typedef struct {
  char *name;
  guint64 offset;
  guint64 size;
  guint64 packed;
  guint32 crc;
  gboolean wide; /* sizes of 64 bits */
} Member;

struct _ActZipWriter {
  ActOutputFile *file;
  ActDeflate *deflate;
  char *filename;
  GArray *members; /* Member; while one is open, the last */
  gboolean open;
  guint64 left;    /* bytes of the member still to come */
  guint64 written; /* bytes of the file */
  GByteArray *record;
};

static void
put (ActZipWriter *zip, guint64 value, guint n_bytes)
{
  guint64 bytes = GUINT64_TO_LE (value);

  g_byte_array_append (zip->record, (const guint8 *) &bytes, n_bytes);
}

static gboolean
write_bytes (gpointer to, const void *data, gsize size, GError **error)
{
  ActZipWriter *zip = to;

  zip->written += size;
  return act_output_file_write (zip->file, data, size, error);
}

static gboolean
write_record (ActZipWriter *zip, GError **error)
{
  gboolean ok = write_bytes (zip, zip->record->data, zip->record->len, error);

  g_byte_array_set_size (zip->record, 0);
  return ok;
}

static void
clear_member (gpointer data)
{
  g_free (((Member *) data)->name);
}

ActZipWriter *
act_zip_writer_new (const char *filename, GError **error)
{
  ActOutputFile *file = act_output_file_new (filename, error);
  ActZipWriter *zip;

  if (file == NULL)
    return NULL;
  zip = g_new0 (ActZipWriter, 1);
  zip->file = file;
  zip->deflate = act_deflate_new ();
  zip->filename = g_strdup (filename);
  zip->members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_array_set_clear_func (zip->members, clear_member);
  zip->record = g_byte_array_new ();
  return zip;
}

static inline Member *
last_member (ActZipWriter *zip)
{
  return &g_array_index (zip->members, Member, zip->members->len - 1);
}

/* what header and directory say alike */
static void
put_common (ActZipWriter *zip, gboolean wide)
{
  put (zip, wide ? VERSION_64 : VERSION, 2);
  put (zip, FLAGS, 2);
  put (zip, DEFLATED, 2);
  put (zip, 0, 2);
  put (zip, DATE, 2);
}

gboolean
act_zip_writer_begin (
    ActZipWriter *zip, const char *name, guint64 size, GError **error)
{
  gsize length = strlen (name);
  Member member = { .offset = zip->written, .size = size };

  g_return_val_if_fail (!zip->open && size <= G_MAXINT64, FALSE);
  g_return_val_if_fail (length <= G_MAXUINT16, FALSE);
  member.name = g_strdup (name);
  member.wide = size + MAY_ADD (size) >= MAX_32;
  g_array_append_val (zip->members, member);
  zip->open = TRUE;
  zip->left = size;
  act_deflate_restart (zip->deflate);

  put (zip, 0x04034b50, 4);
  put_common (zip, member.wide);
  put (zip, 0, 4);
  put (zip, member.wide ? MAX_32 : 0, 4);
  put (zip, member.wide ? MAX_32 : 0, 4);
  put (zip, length, 2);
  put (zip, member.wide ? 20 : 0, 2);
  g_byte_array_append (zip->record, (const guint8 *) name, length);
  if (member.wide) {
    put (zip, 1, 2);
    put (zip, 16, 2);
    put (zip, 0, 8);
    put (zip, 0, 8);
  }
  return write_record (zip, error);
}

static gboolean
pack (ActZipWriter *zip, const void *data, gsize size, gboolean last,
    GError **error)
{
  guint64 before = zip->written;
  gboolean ok = act_deflate_append (
      zip->deflate, data, size, last, write_bytes, zip, error);

  last_member (zip)->packed += zip->written - before;
  return ok;
}

gboolean
act_zip_writer_append (
    ActZipWriter *zip, const void *data, gsize size, GError **error)
{
  Member *member;

  g_return_val_if_fail (zip->open, FALSE);
  member = last_member (zip);
  if (size > zip->left) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': member '%s' gets more bytes than were announced", zip->filename,
        member->name);
    return FALSE;
  }
  zip->left -= size;
  if (size == 0)
    return TRUE;
  member->crc = act_deflate_crc (member->crc, data, size);
  return pack (zip, data, size, FALSE, error);
}

gboolean
act_zip_writer_end (ActZipWriter *zip, GError **error)
{
  Member *member;
  guint size_bytes;

  g_return_val_if_fail (zip->open, FALSE);
  member = last_member (zip);
  size_bytes = member->wide ? 8 : 4;
  if (zip->left > 0) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': member '%s' lacks %" G_GUINT64_FORMAT
        " of the bytes that were announced",
        zip->filename, member->name, zip->left);
    return FALSE;
  }
  zip->open = FALSE;
  if (!pack (zip, NULL, 0, TRUE, error))
    return FALSE;
  put (zip, 0x08074b50, 4);
  put (zip, member->crc, 4);
  put (zip, member->packed, size_bytes);
  put (zip, member->size, size_bytes);
  return write_record (zip, error);
}

/* An entry of the directory. What does not fit into 32 bits is all ones there
 * and in an extra field, in this order. */
static gboolean
write_entry (ActZipWriter *zip, const Member *member, GError **error)
{
  guint64 numbers[] = { member->size, member->packed, member->offset };
  gsize length = strlen (member->name);
  guint n_wide = 0;
  gboolean wide;

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    n_wide += numbers[i] >= MAX_32;
  wide = member->wide || n_wide > 0;
  put (zip, 0x02014b50, 4);
  put (zip, MADE_BY_UNIX | (wide ? VERSION_64 : VERSION), 2);
  put_common (zip, wide);
  put (zip, member->crc, 4);
  put (zip, MIN (member->packed, MAX_32), 4);
  put (zip, MIN (member->size, MAX_32), 4);
  put (zip, length, 2);
  put (zip, n_wide > 0 ? 4 + 8 * n_wide : 0, 2);
  put (zip, 0, 2); /* no comment, first disk, no text */
  put (zip, 0, 2);
  put (zip, 0, 2);
  put (zip, MODE, 4);
  put (zip, MIN (member->offset, MAX_32), 4);
  g_byte_array_append (zip->record, (const guint8 *) member->name, length);
  if (n_wide > 0) {
    put (zip, 1, 2);
    put (zip, 8 * n_wide, 2);
    for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
      if (numbers[i] >= MAX_32)
        put (zip, numbers[i], 8);
  }
  return write_record (zip, error);
}

/* the end in 64 bits, and where it is */
static void
put_end_64 (ActZipWriter *zip, guint64 offset, guint64 size)
{
  guint64 n = zip->members->len, here = zip->written;

  put (zip, 0x06064b50, 4);
  put (zip, 44, 8);
  put (zip, MADE_BY_UNIX | VERSION_64, 2);
  put (zip, VERSION_64, 2);
  put (zip, 0, 4);
  put (zip, 0, 4);
  put (zip, n, 8);
  put (zip, n, 8);
  put (zip, size, 8);
  put (zip, offset, 8);
  put (zip, 0x07064b50, 4);
  put (zip, 0, 4);
  put (zip, here, 8);
  put (zip, 1, 4);
}

static gboolean
write_directory (ActZipWriter *zip, GError **error)
{
  guint64 offset = zip->written, size;
  guint n = zip->members->len;

  for (guint i = 0; i < n; i++)
    if (!write_entry (zip, &g_array_index (zip->members, Member, i), error))
      return FALSE;
  size = zip->written - offset;
  if (n >= G_MAXUINT16 || offset >= MAX_32 || size >= MAX_32)
    put_end_64 (zip, offset, size);
  put (zip, 0x06054b50, 4);
  put (zip, 0, 2);
  put (zip, 0, 2);
  put (zip, MIN (n, G_MAXUINT16), 2);
  put (zip, MIN (n, G_MAXUINT16), 2);
  put (zip, MIN (size, MAX_32), 4);
  put (zip, MIN (offset, MAX_32), 4);
  put (zip, 0, 2);
  return write_record (zip, error);
}

gboolean
act_zip_writer_close (ActZipWriter *zip, GError **error)
{
  gboolean ok = write_directory (zip, error)
      && act_output_file_close (g_steal_pointer (&zip->file), error);

  act_zip_writer_free (zip);
  return ok;
}

void
act_zip_writer_free (ActZipWriter *zip)
{
  if (zip == NULL)
    return;
  act_output_file_free (zip->file);
  act_deflate_free (zip->deflate);
  g_free (zip->filename);
  g_array_unref (zip->members);
  g_byte_array_unref (zip->record);
  g_free (zip);
}
