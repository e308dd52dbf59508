/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/zipstored.h"

#include <string.h>

#include "acterror.h"
#include "formats/deflate.h"
#include "formats/file.h"
#include "strhash.h"

#define END_SIZE 22
#define LOCATOR_SIZE 20
#define END_64_SIZE 56
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define MAX_COMMENT 0xffff
#define MAX_MEMBERS (1u << 20)
#define STORED 0
#define ENCRYPTED 1
#define EXTRA_64 1

typedef struct {
  char *name;
  guint64 offset; /* of its header */
  guint64 size, packed;
  guint32 crc;
  guint16 method, flags;
} Member;

struct _ActZipStored {
  char *filename;
  GBytes *bytes;
  const guint8 *data;
  guint64 size;
  guint64 directory; /* where it begins */
  GArray *members;   /* of Member */
  GHashTable *by_name;
};

static void
member_clear (void *data)
{
  g_free (((Member *) data)->name);
}

static gboolean G_GNUC_PRINTF (3, 4)
    fail (const ActZipStored *zip, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is no valid zip archive: %s", zip->filename, what);
  return FALSE;
}

static guint64
get (const guint8 *at, guint n_bytes)
{
  guint64 value = 0;

  memcpy (&value, at, n_bytes);
  return GUINT64_FROM_LE (value);
}

/* whether so many bytes from offset lie before end */
static gboolean
within (guint64 offset, guint64 n, guint64 end)
{
  return offset <= end && n <= end - offset;
}

/* A comment may follow the end record; its length must fit the file. */
static gboolean
find_end (const ActZipStored *zip, guint64 *end)
{
  guint64 last = zip->size >= END_SIZE ? zip->size - END_SIZE : 0;
  guint64 first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;

  if (zip->size < END_SIZE)
    return FALSE;
  for (guint64 at = last + 1; at-- > first;) {
    if (memcmp (zip->data + at, "PK\5\6", 4) == 0
        && get (zip->data + at + 20, 2) == last - at) {
      *end = at;
      return TRUE;
    }
  }
  return FALSE;
}

/* where the numbers of the end record are too small, a larger one holds them */
static gboolean
read_end_64 (
    ActZipStored *zip, guint64 end, guint64 *n, guint64 *size, GError **error)
{
  const guint8 *locator =
      end >= LOCATOR_SIZE ? zip->data + end - LOCATOR_SIZE : NULL;
  guint64 at;

  if (locator == NULL || memcmp (locator, "PK\6\7", 4) != 0)
    return fail (zip, error, "its end says 64 bits, but has no such record");
  at = get (locator + 8, 8);
  if (!within (at, END_64_SIZE, end)
      || memcmp (zip->data + at, "PK\6\6", 4) != 0)
    return fail (zip, error, "its end record of 64 bits is not where it says");
  *n = get (zip->data + at + 32, 8);
  *size = get (zip->data + at + 40, 8);
  zip->directory = get (zip->data + at + 48, 8);
  return TRUE;
}

static gboolean
read_end (ActZipStored *zip, guint64 *n, guint64 *size, GError **error)
{
  guint64 end;
  const guint8 *record;

  if (!find_end (zip, &end))
    return fail (zip, error, "it has no end record; is it cut off?");
  record = zip->data + end;
  *n = get (record + 10, 2);
  *size = get (record + 12, 4);
  zip->directory = get (record + 16, 4);
  if ((*n == 0xffff || *size == 0xffffffff || zip->directory == 0xffffffff)
      && !read_end_64 (zip, end, n, size, error))
    return FALSE;
  if (!within (zip->directory, *size, end))
    return fail (zip, error, "its directory does not lie in the file");
  if (*n > MAX_MEMBERS)
    return fail (zip, error,
        "it has %" G_GUINT64_FORMAT " members, expected at most %u", *n,
        MAX_MEMBERS);
  return TRUE;
}

/* An entry's extra field has the sizes that are too large for it, in order. */
static gboolean
read_extra (Member *member, const guint8 *extra, guint64 size)
{
  guint64 *const wide[] = { &member->size, &member->packed, &member->offset };

  while (size >= 4) {
    guint64 length = get (extra + 2, 2), at = 0;

    if (length > size - 4)
      return FALSE;
    for (guint i = 0; get (extra, 2) == EXTRA_64 && i < G_N_ELEMENTS (wide);
         i++) {
      if (*wide[i] != 0xffffffff)
        continue;
      if (at + 8 > length)
        return FALSE;
      *wide[i] = get (extra + 4 + at, 8);
      at += 8;
    }
    extra += 4 + length;
    size -= 4 + length;
  }
  return TRUE;
}

/* takes name */
static void
append_member (ActZipStored *zip, Member member, char *name)
{
  member.name = name;
  g_array_append_val (zip->members, member);
}

/* one entry of the directory; *at moves behind it */
static gboolean
read_entry (ActZipStored *zip, guint64 *at, guint64 end, GError **error)
{
  const guint8 *entry = zip->data + *at;
  guint64 name, extra, comment;
  Member member = { 0 };

  if (!within (*at, ENTRY_SIZE, end) || memcmp (entry, "PK\1\2", 4) != 0)
    return fail (
        zip, error, "entry %u of its directory is damaged", zip->members->len);
  name = get (entry + 28, 2);
  extra = get (entry + 30, 2);
  comment = get (entry + 32, 2);
  if (!within (*at + ENTRY_SIZE, name + extra + comment, end))
    return fail (
        zip, error, "entry %u of its directory is cut off", zip->members->len);
  member.flags = get (entry + 8, 2);
  member.method = get (entry + 10, 2);
  member.crc = get (entry + 16, 4);
  member.packed = get (entry + 20, 4);
  member.size = get (entry + 24, 4);
  member.offset = get (entry + 42, 4);
  if (!read_extra (&member, entry + ENTRY_SIZE + name, extra)
      || !g_utf8_validate ((const char *) entry + ENTRY_SIZE, name, NULL))
    return fail (
        zip, error, "entry %u of its directory is damaged", zip->members->len);
  append_member (
      zip, member, g_strndup ((const char *) entry + ENTRY_SIZE, name));
  *at += ENTRY_SIZE + name + extra + comment;
  return TRUE;
}

static gboolean
read_directory (ActZipStored *zip, GError **error)
{
  guint64 n = 0, size = 0, at;

  if (!read_end (zip, &n, &size, error))
    return FALSE;
  at = zip->directory;
  for (guint64 i = 0; i < n; i++)
    if (!read_entry (zip, &at, zip->directory + size, error))
      return FALSE;
  for (guint i = 0; i < zip->members->len; i++) {
    char *name = g_array_index (zip->members, Member, i).name;

    if (!g_hash_table_insert (zip->by_name, name, GUINT_TO_POINTER (i)))
      return fail (zip, error, "member '%s' comes twice", name);
  }
  return TRUE;
}

static gint
compare_offsets (gconstpointer a, gconstpointer b)
{
  const Member *x = *(const Member *const *) a, *y = *(const Member *const *) b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Members that lie in each other would let a small file be read as a large
 * one: what all members have together is no more than the file. */
static gboolean
check_overlaps (const ActZipStored *zip, GError **error)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();

  for (guint i = 0; i < zip->members->len; i++)
    g_ptr_array_add (sorted, &g_array_index (zip->members, Member, i));
  g_ptr_array_sort (sorted, compare_offsets);
  for (guint i = 1; i < sorted->len; i++) {
    const Member *before = sorted->pdata[i - 1], *member = sorted->pdata[i];

    if (!within (LOCAL_SIZE, before->packed, member->offset - before->offset))
      return fail (zip, error, "members '%s' and '%s' overlap", before->name,
          member->name);
  }
  return TRUE;
}

ActZipStored *
act_zip_stored_new (GBytes *bytes, const char *name, GError **error)
{
  g_autoptr (ActZipStored) zip = g_new0 (ActZipStored, 1);
  gsize size;

  zip->filename = g_strdup (name);
  zip->bytes = g_bytes_ref (bytes);
  zip->data = g_bytes_get_data (bytes, &size);
  zip->size = size;
  zip->members = g_array_new (FALSE, FALSE, sizeof (Member));
  g_array_set_clear_func (zip->members, member_clear);
  zip->by_name = g_hash_table_new (act_str_hash, g_str_equal);
  if (!read_directory (zip, error) || !check_overlaps (zip, error))
    return NULL;
  return g_steal_pointer (&zip);
}

ActZipStored *
act_zip_stored_open (const char *filename, GError **error)
{
  g_autoptr (GBytes) bytes = act_file_map (filename, error);

  return bytes != NULL ? act_zip_stored_new (bytes, filename, error) : NULL;
}

void
act_zip_stored_free (ActZipStored *zip)
{
  if (zip == NULL)
    return;
  g_hash_table_unref (zip->by_name);
  g_array_unref (zip->members);
  g_bytes_unref (zip->bytes);
  g_free (zip->filename);
  g_free (zip);
}

guint
act_zip_stored_get_n_members (const ActZipStored *zip)
{
  return zip->members->len;
}

const char *
act_zip_stored_get_name (const ActZipStored *zip, guint member)
{
  return g_array_index (zip->members, Member, member).name;
}

gint
act_zip_stored_find (const ActZipStored *zip, const char *name)
{
  gpointer member;

  if (!g_hash_table_lookup_extended (zip->by_name, name, NULL, &member))
    return -1;
  return GPOINTER_TO_INT (member);
}

static gboolean
check_member (const ActZipStored *zip, const Member *member, GError **error)
{
  if (member->method == STORED && !(member->flags & ENCRYPTED)
      && member->packed == member->size)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': member '%s' is %s, expected it stored as it is", zip->filename,
      member->name, member->flags & ENCRYPTED ? "encrypted" : "packed");
  return FALSE;
}

GBytes *
act_zip_stored_get (ActZipStored *zip, guint index, GError **error)
{
  const Member *member = &g_array_index (zip->members, Member, index);
  guint64 begin = member->offset;
  const guint8 *local;

  if (!check_member (zip, member, error))
    return NULL;
  local = within (begin, LOCAL_SIZE, zip->directory) ? zip->data + begin : NULL;
  if (local == NULL || memcmp (local, "PK\3\4", 4) != 0) {
    fail (zip, error, "member '%s' is not where the directory says",
        member->name);
    return NULL;
  }
  begin += LOCAL_SIZE + get (local + 26, 2) + get (local + 28, 2);
  if (!within (begin, member->size, zip->directory)) {
    fail (zip, error, "member '%s' is cut off", member->name);
    return NULL;
  }
  if (act_deflate_crc (0, zip->data + begin, member->size) != member->crc) {
    fail (zip, error, "member '%s' is damaged, its checksum is another",
        member->name);
    return NULL;
  }
  return g_bytes_new_from_bytes (zip->bytes, begin, member->size);
}
