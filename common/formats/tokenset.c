/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/tokenset.h"

#include <glob.h>
#include <string.h>

#include "acterror.h"
#include "formats/names.h"

typedef struct {
  char *filename;
  guint64 first; /* sample of the set */
  guint64 n_samples;
} Part;

struct _ActTokenSet {
  char *tensor, *field;
  ActDtype raw_dtype;
  guint n_ctx;
  GArray *parts; /* of Part */
  guint64 n_samples;
  ActTokenFile *file; /* of the part that was read last */
  guint open_part;
};

static void
part_clear (gpointer data)
{
  g_free (((Part *) data)->filename);
}

/* (transfer full) the files that a location means */
static GPtrArray *
find_files (const char *location, GError **error)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  glob_t found = { 0 };

  if (g_file_test (location, G_FILE_TEST_EXISTS)
      || strpbrk (location, "*?[") == NULL) {
    g_ptr_array_add (names, g_strdup (location));
    return names;
  }
  if (glob (location, GLOB_NOSORT, NULL, &found) == 0)
    for (gsize i = 0; i < found.gl_pathc; i++)
      g_ptr_array_add (names, g_strdup (found.gl_pathv[i]));
  globfree (&found);
  g_ptr_array_sort (names, act_names_compare);
  if (names->len > 0)
    return names;
  g_ptr_array_unref (names);
  g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
      "no file of token ids matches '%s'", location);
  return NULL;
}

static ActTokenFile *
open_file (const ActTokenSet *set, const char *filename, GError **error)
{
  return act_token_file_open (
      filename, set->tensor, set->field, set->raw_dtype, set->n_ctx, error);
}

/* takes filename */
static void
append_part (ActTokenSet *set, char *filename, guint64 n_samples)
{
  Part part = { filename, set->n_samples, n_samples };

  g_array_append_val (set->parts, part);
  set->n_samples += n_samples;
}

static gboolean
add_part (ActTokenSet *set, const char *filename, GError **error)
{
  g_autoptr (ActTokenFile) file = open_file (set, filename, error);

  if (file == NULL)
    return FALSE;
  /* the first says it for all of them */
  set->n_ctx = act_token_file_get_n_ctx (file);
  append_part (set, g_strdup (filename), act_token_file_get_n_samples (file));
  return TRUE;
}

ActTokenSet *
act_token_set_open (const char *location, const char *tensor, const char *field,
    ActDtype raw_dtype, guint n_ctx, GError **error)
{
  g_autoptr (GPtrArray) names = find_files (location, error);
  g_autoptr (ActTokenSet) set = g_new0 (ActTokenSet, 1);

  set->tensor = g_strdup (tensor);
  set->field = g_strdup (field);
  set->raw_dtype = raw_dtype;
  set->n_ctx = n_ctx;
  set->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_array_set_clear_func (set->parts, part_clear);
  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    if (!add_part (set, names->pdata[i], error))
      return NULL;
  return g_steal_pointer (&set);
}

void
act_token_set_free (ActTokenSet *set)
{
  if (set == NULL)
    return;
  g_clear_pointer (&set->file, act_token_file_free);
  g_array_unref (set->parts);
  g_free (set->tensor);
  g_free (set->field);
  g_free (set);
}

guint
act_token_set_get_n_ctx (const ActTokenSet *set)
{
  return set->n_ctx;
}

guint64
act_token_set_get_n_samples (const ActTokenSet *set)
{
  return set->n_samples;
}

/* the part that a sample is in; the last whose first it is not before */
static guint
find_part (const ActTokenSet *set, guint64 sample)
{
  guint low = 0, high = set->parts->len;

  while (high - low > 1) {
    guint middle = low + (high - low) / 2;

    if (g_array_index (set->parts, Part, middle).first <= sample)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static gboolean
open_part (ActTokenSet *set, guint index, GError **error)
{
  const Part *part = &g_array_index (set->parts, Part, index);

  if (set->file != NULL && set->open_part == index)
    return TRUE;
  g_clear_pointer (&set->file, act_token_file_free);
  set->file = open_file (set, part->filename, error);
  set->open_part = index;
  if (set->file == NULL)
    return FALSE;
  if (act_token_file_get_n_samples (set->file) == part->n_samples)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
      "'%s' has changed since it was opened", part->filename);
  g_clear_pointer (&set->file, act_token_file_free);
  return FALSE;
}

gboolean
act_token_set_read (ActTokenSet *set, guint64 first_sample, guint n_samples,
    guint vocab_size, gint32 *tokens, GError **error)
{
  g_return_val_if_fail (first_sample + n_samples <= set->n_samples, FALSE);
  while (n_samples > 0) {
    guint index = find_part (set, first_sample);
    const Part *part = &g_array_index (set->parts, Part, index);
    guint64 skipped = first_sample - part->first;
    guint n = (guint) MIN (n_samples, part->n_samples - skipped);

    if (!open_part (set, index, error)
        || !act_token_file_read (
            set->file, skipped, n, vocab_size, tokens, error))
      return FALSE;
    first_sample += n;
    n_samples -= n;
    tokens += (gsize) n * set->n_ctx;
  }
  return TRUE;
}
