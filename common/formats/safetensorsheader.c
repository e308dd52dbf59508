/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/safetensorsheader.h"

#include <string.h>

#include "acterror.h"
#include "formats/jsonscan.h"
#include "strhash.h"

/* What is read of one tensor before it is checked: members come in any order,
 * and a size needs both type and shape. */
typedef struct {
  const char *name;
  GString *dtype; /* NULL: not there */
  gboolean has_shape, has_offsets;
  guint64 shape[ACT_TENSOR_MAX_DIMS];
  guint n_dims; /* there may be more than shape holds */
  guint64 offsets[2];
  guint n_offsets;
  guint n_members;
} Raw;

typedef struct {
  ActSafetensorsHeader *header;
  const char *filename;
  guint64 data_size;
  GHashTable *seen; /* names */
  gboolean failed;  /* not the scanner did, so the message names the file */
  Raw raw;
} Reader;

static gboolean G_GNUC_PRINTF (4, 5) fail (
    Reader *reader, const char *tensor, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  reader->failed = TRUE;
  if (tensor != NULL)
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT, "'%s': tensor '%s': %s",
        reader->filename, tensor, what);
  else
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' is no valid safetensors file: %s", reader->filename, what);
  return FALSE;
}

/* for values whose kind the caller names better than the scanner does */
static gboolean
read_quietly (ActJsonScan *scan, ActJsonRead read, gpointer to)
{
  GError **error = scan->error;
  gboolean done;

  scan->error = NULL;
  done = read (scan, to);
  scan->error = error;
  return done;
}

/* (transfer none) a string that stays as long as the header; NULL: it holds
 * U+0000 */
static const char *
keep (Reader *reader, const GString *string, GError **error)
{
  if (strlen (string->str) == string->len)
    return g_string_chunk_insert_len (
        reader->header->names, string->str, (gssize) string->len);
  fail (reader, NULL, error,
      "a string in its header holds U+0000, which is not supported");
  return NULL;
}

static gboolean
read_dimension (ActJsonScan *scan, gpointer data)
{
  Reader *reader = data;
  guint64 number;

  if (!read_quietly (scan, act_json_scan_uint, &number))
    return fail (reader, reader->raw.name, scan->error,
        "\"shape\": dimension %u is no whole number from 0 on",
        reader->raw.n_dims);
  if (reader->raw.n_dims < ACT_TENSOR_MAX_DIMS)
    reader->raw.shape[reader->raw.n_dims] = number;
  reader->raw.n_dims++;
  return TRUE;
}

static gboolean
read_offset (ActJsonScan *scan, gpointer data)
{
  Reader *reader = data;
  guint64 number;

  if (reader->raw.n_offsets == 2
      || !read_quietly (scan, act_json_scan_uint, &number))
    return fail (reader, reader->raw.name, scan->error,
        "\"data_offsets\" is missing or no list of two whole numbers");
  reader->raw.offsets[reader->raw.n_offsets++] = number;
  return TRUE;
}

static gboolean
is (const GString *key, const char *name)
{
  return key->len == strlen (name) && memcmp (key->str, name, key->len) == 0;
}

/* a member of a kind that is not the right one counts as missing */
static gboolean
read_member (ActJsonScan *scan, const GString *key, gpointer data)
{
  Reader *reader = data;
  Raw *raw = &reader->raw;
  char next;

  raw->n_members++;
  next = act_json_scan_peek (scan);
  if (is (key, "dtype") && next == '"' && raw->dtype == NULL) {
    raw->dtype = g_string_new (NULL);
    return act_json_scan_string (scan, raw->dtype);
  }
  if (is (key, "shape") && next == '[' && !raw->has_shape) {
    raw->has_shape = TRUE;
    return act_json_scan_elements (scan, read_dimension, reader);
  }
  if (is (key, "data_offsets") && next == '[' && !raw->has_offsets) {
    raw->has_offsets = TRUE;
    return act_json_scan_elements (scan, read_offset, reader);
  }
  return act_json_scan_skip (scan);
}

static gboolean
check_dtype (Reader *reader, ActTensor *tensor, GError **error)
{
  const Raw *raw = &reader->raw;

  if (raw->dtype == NULL)
    return fail (reader, raw->name, error, "\"dtype\" is missing or no string");
  if (is (raw->dtype, raw->dtype->str) /* no U+0000 in it */
      && act_dtype_from_name (raw->dtype->str, &tensor->dtype))
    return TRUE;
  reader->failed = TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
      "'%s': tensor '%s': \"dtype\" is \"%s\", expected BOOL, U8, I8, U16, "
      "I16, F16, BF16, U32, I32, F32, U64, I64 or F64",
      reader->filename, raw->name, raw->dtype->str);
  return FALSE;
}

static gboolean
check_shape (Reader *reader, ActTensor *tensor, GError **error)
{
  const Raw *raw = &reader->raw;
  g_autoptr (GError) size_error = NULL;

  if (!raw->has_shape)
    return fail (reader, raw->name, error, "\"shape\" is missing or no list");
  if (raw->n_dims > ACT_TENSOR_MAX_DIMS)
    return fail (reader, raw->name, error,
        "\"shape\" has %u dimensions, expected at most %d", raw->n_dims,
        ACT_TENSOR_MAX_DIMS);
  tensor->n_dims = raw->n_dims;
  memcpy (tensor->shape, raw->shape, raw->n_dims * sizeof raw->shape[0]);
  if (act_tensor_set_sizes (tensor, &size_error))
    return TRUE;
  return fail (reader, raw->name, error, "%s", size_error->message);
}

static gboolean
check_offsets (Reader *reader, const ActSafetensorsEntry *entry, GError **error)
{
  const char *name = reader->raw.name;

  if (entry->begin > entry->end)
    return fail (reader, name, error,
        "\"data_offsets\" end at %" G_GUINT64_FORMAT
        ", before their begin %" G_GUINT64_FORMAT,
        entry->end, entry->begin);
  if (entry->end > reader->data_size)
    return fail (reader, name, error,
        "\"data_offsets\" end at %" G_GUINT64_FORMAT
        ", but the file has only %" G_GUINT64_FORMAT " bytes of data",
        entry->end, reader->data_size);
  if (entry->end - entry->begin != entry->tensor.size) {
    g_autofree char *shape =
        act_tensor_shape_to_string (entry->tensor.n_dims, entry->tensor.shape);

    return fail (reader, name, error,
        "\"data_offsets\" span %" G_GUINT64_FORMAT
        " bytes, expected %" G_GSIZE_FORMAT " for %s %s",
        entry->end - entry->begin, entry->tensor.size,
        act_dtype_name (entry->tensor.dtype), shape);
  }
  return TRUE;
}

/* what was read becomes an entry */
static gboolean
add_entry (Reader *reader, GError **error)
{
  const Raw *raw = &reader->raw;
  ActSafetensorsEntry entry = { .tensor.name = raw->name };

  if (!check_dtype (reader, &entry.tensor, error)
      || !check_shape (reader, &entry.tensor, error))
    return FALSE;
  if (!raw->has_offsets || raw->n_offsets != 2)
    return fail (reader, raw->name, error,
        "\"data_offsets\" is missing or no list of two whole numbers");
  entry.begin = raw->offsets[0];
  entry.end = raw->offsets[1];
  if (!check_offsets (reader, &entry, error))
    return FALSE;
  if (raw->n_members != 3)
    return fail (reader, raw->name, error,
        "expected \"dtype\", \"shape\" and \"data_offsets\" alone");
  g_array_append_val (reader->header->entries, entry);
  return TRUE;
}

static gboolean
read_tensor (Reader *reader, ActJsonScan *scan, const char *name)
{
  gboolean done;

  if (act_json_scan_peek (scan) != '{')
    return fail (reader, name, scan->error, "expected an object in the header");
  reader->raw = (Raw){ .name = name };
  done = act_json_scan_members (scan, read_member, reader)
      && add_entry (reader, scan->error);
  if (reader->raw.dtype != NULL)
    g_string_free (reader->raw.dtype, TRUE);
  return done;
}

static gboolean
read_metadatum (ActJsonScan *scan, const GString *key, gpointer data)
{
  Reader *reader = data;
  GHashTable *metadata = reader->header->metadata;
  const char *name = keep (reader, key, scan->error), *kept;
  g_autoptr (GString) value = g_string_new (NULL);

  if (name == NULL)
    return FALSE;
  if (act_json_scan_peek (scan) != '"')
    return fail (reader, NULL, scan->error,
        "\"__metadata__\": the value of \"%s\" is no string", name);
  if (!act_json_scan_string (scan, value))
    return FALSE;
  kept = keep (reader, value, scan->error);
  if (kept == NULL)
    return FALSE;
  return g_hash_table_insert (metadata, (gpointer) name, (gpointer) kept)
      || fail (reader, NULL, scan->error,
          "\"__metadata__\": the key \"%s\" comes twice", name);
}

static gboolean
read_metadata (Reader *reader, ActJsonScan *scan)
{
  if (act_json_scan_peek (scan) != '{')
    return fail (reader, NULL, scan->error, "\"__metadata__\" is no object");
  reader->header->metadata = g_hash_table_new (act_str_hash, g_str_equal);
  return act_json_scan_members (scan, read_metadatum, reader);
}

static gboolean
read_name (ActJsonScan *scan, const GString *key, gpointer data)
{
  Reader *reader = data;
  const char *name = keep (reader, key, scan->error);

  if (name == NULL)
    return FALSE;
  if (!g_hash_table_add (reader->seen, (gpointer) name))
    return fail (reader, NULL, scan->error,
        "the key \"%s\" comes twice in its header", name);
  if (g_str_equal (name, "__metadata__"))
    return read_metadata (reader, scan);
  return read_tensor (reader, scan, name);
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const ActSafetensorsEntry *x = a, *y = b;

  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  /* empty tensors before the one that begins at the same byte */
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return strcmp (x->tensor.name, y->tensor.name);
}

/* In the order of their offsets the tensors must follow each other without
 * hole or overlap up to the end of the file. */
static gboolean
check_coverage (Reader *reader, GError **error)
{
  GArray *entries = reader->header->entries;
  guint64 expected = 0;

  g_array_sort (entries, compare_entries);
  for (guint i = 0; i < entries->len; i++) {
    const ActSafetensorsEntry *entry =
        &g_array_index (entries, ActSafetensorsEntry, i);

    if (entry->begin != expected)
      return fail (reader, entry->tensor.name, error,
          "%s: its data begin at byte %" G_GUINT64_FORMAT
          ", expected %" G_GUINT64_FORMAT,
          entry->begin < expected ? "overlaps another tensor"
                                  : "there is a hole before it",
          entry->begin, expected);
    expected = entry->end;
  }
  if (expected != reader->data_size)
    return fail (reader, NULL, error,
        "it has %" G_GUINT64_FORMAT
        " bytes of data, expected %" G_GUINT64_FORMAT,
        reader->data_size, expected);
  return TRUE;
}

static gboolean
scan_header (Reader *reader, const char *text, gsize length, GError **error)
{
  g_auto (ActJsonScan) scan = { 0 };
  const char *invalid;

  if (length == 0 || text[0] != '{')
    return fail (reader, NULL, error, "the header does not begin with '{'");
  if (!g_utf8_validate_len (text, length, &invalid))
    return fail (reader, NULL, error,
        "header: invalid UTF-8 at byte %" G_GSIZE_FORMAT,
        (gsize) (invalid - text));
  act_json_scan_init (&scan, text, length, FALSE, error);
  if (act_json_scan_members (&scan, read_name, reader)
      && act_json_scan_end (&scan))
    return TRUE;
  if (!reader->failed)
    g_prefix_error (
        error, "'%s' is no valid safetensors file: header: ", reader->filename);
  return FALSE;
}

gboolean
act_safetensors_header_parse (ActSafetensorsHeader *header, const char *text,
    gsize length, guint64 data_size, const char *filename, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (act_str_hash, g_str_equal);
  Reader reader = {
    .header = header, .filename = filename, .data_size = data_size, .seen = seen
  };

  return scan_header (&reader, text, length, error)
      && check_coverage (&reader, error);
}

static void
entry_clear (void *data)
{
  g_free (((ActSafetensorsEntry *) data)->copy);
}

void
act_safetensors_header_init (ActSafetensorsHeader *header)
{
  header->names = g_string_chunk_new (4096);
  header->entries = g_array_new (FALSE, FALSE, sizeof (ActSafetensorsEntry));
  g_array_set_clear_func (header->entries, entry_clear);
  header->metadata = NULL;
}

void
act_safetensors_header_clear (ActSafetensorsHeader *header)
{
  g_clear_pointer (&header->metadata, g_hash_table_unref);
  g_clear_pointer (&header->entries, g_array_unref);
  g_clear_pointer (&header->names, g_string_chunk_free);
}
