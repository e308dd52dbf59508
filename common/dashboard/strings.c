/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dashboard/texts.h"
#include "dashboard/texts-private.h"

#include "acterror.h"

#include <string.h>

/* a string's bytes and its index */
typedef struct {
  const char *data;
  gsize length;
  guint index;
} Key;

struct _ActStrings {
  guint n_ids;
  guint32 *index_of;  /* [n_ids], ACT_NO_STRING where there is none */
  GPtrArray *strings; /* Key, by index */
  GHashTable *table;  /* the same, by bytes */
};

static guint
hash_key (gconstpointer data)
{
  const Key *key = data;
  guint32 hash = 2166136261u;

  for (gsize i = 0; i < key->length; i++)
    hash = (hash ^ (guint8) key->data[i]) * 16777619u;
  return hash;
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  const Key *x = a, *y = b;

  return x->length == y->length && memcmp (x->data, y->data, x->length) == 0;
}

static void
free_key (gpointer data)
{
  Key *key = data;

  g_free ((char *) key->data);
  g_free (key);
}

/* GLib's check takes a NUL for an error; here it is a character */
static gboolean
is_utf8 (const char *string, gsize length)
{
  const char *end = string + length;

  while (!g_utf8_validate_len (string, end - string, &string)) {
    if (*string != '\0')
      return FALSE;
    string++;
  }
  return TRUE;
}

ActStrings *
act_strings_new (guint n_ids)
{
  ActStrings *strings = g_new0 (ActStrings, 1);

  strings->n_ids = n_ids;
  strings->index_of = g_new (guint32, MAX (n_ids, 1));
  for (guint i = 0; i < n_ids; i++)
    strings->index_of[i] = ACT_NO_STRING;
  strings->strings = g_ptr_array_new_with_free_func (free_key);
  strings->table = g_hash_table_new (hash_key, equal_keys);
  return strings;
}

void
act_strings_free (ActStrings *strings)
{
  if (strings == NULL)
    return;
  g_hash_table_unref (strings->table);
  g_ptr_array_unref (strings->strings);
  g_free (strings->index_of);
  g_free (strings);
}

gboolean
act_strings_set (ActStrings *strings, guint id, const char *string,
    gsize length, GError **error)
{
  Key probe = { string, length, 0 }, *key;
  char *bytes;

  g_return_val_if_fail (id < strings->n_ids, FALSE);
  key = g_hash_table_lookup (strings->table, &probe);
  if (key == NULL) {
    if (!is_utf8 (string, length)) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "vocabulary: the string of token %u is not valid UTF-8", id);
      return FALSE;
    }
    bytes = g_malloc (length + 1);
    memcpy (bytes, string, length);
    bytes[length] = '\0';
    key = g_new (Key, 1);
    key->data = bytes;
    key->length = length;
    key->index = strings->strings->len;
    g_ptr_array_add (strings->strings, key);
    g_hash_table_add (strings->table, key);
  }
  strings->index_of[id] = key->index;
  return TRUE;
}

guint
act_strings_get_n (const ActStrings *strings)
{
  return strings->strings->len;
}

const char *
act_strings_get (const ActStrings *strings, guint index, gsize *length)
{
  const Key *key = g_ptr_array_index (strings->strings, index);

  *length = key->length;
  return key->data;
}

guint32
act_strings_index_of (const ActStrings *strings, gint32 id)
{
  if (id < 0 || (guint32) id >= strings->n_ids)
    return ACT_NO_STRING;
  return strings->index_of[id];
}

guint
act_strings_get_n_ids (const ActStrings *strings)
{
  return strings->n_ids;
}
