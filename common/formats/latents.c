/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/latents.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "acterror.h"
#include "formats/tokens.h"

#define MAX_LATENTS (1 << 24)
#define SUFFIX ".safetensors"

typedef struct {
  ActSafetensors *file;
  const ActTensor *locations, *activations;
  guint64 first, last; /* latents of the file; last G_MAXUINT64: not said */
  guint64 first_sample, n_samples; /* that it has entries of, and between */
  guint64 *starts; /* [n_samples + 1] where a sample's entries begin */
  guint64 *order;  /* entries by sample, NULL: they are so in the file */
} File;

struct _ActLatents {
  GPtrArray *files;
  const ActTensor *tokens;
  guint n_latents;
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_clear_pointer (&file->file, act_safetensors_free);
  g_free (file->starts);
  g_free (file->order);
  g_free (file);
}

static gboolean G_GNUC_PRINTF (3, 4)
    fail (const File *file, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE, "'%s': %s",
      act_safetensors_get_filename (file->file), what);
  return FALSE;
}

/* one number of a location; what is below 0 is too large for any place */
static inline guint64
location (const File *file, guint64 entry, guint which)
{
  const void *data = file->locations->data;
  guint64 i = entry * 3 + which;

  switch (file->locations->dtype) {
  case ACT_DTYPE_U16:
    return ((const guint16 *) data)[i];
  case ACT_DTYPE_U32:
    return ((const guint32 *) data)[i];
  case ACT_DTYPE_I32:
    return (guint64) (gint64) ((const gint32 *) data)[i];
  default:
    return (guint64) ((const gint64 *) data)[i];
  }
}

/* FIRST_LAST.safetensors */
static void
parse_range (File *file, const char *name)
{
  g_autofree char *stem = g_strndup (name, strlen (name) - strlen (SUFFIX));
  g_auto (GStrv) parts = g_strsplit (stem, "_", -1);
  guint64 first, last;

  file->last = G_MAXUINT64;
  if (g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (
          parts[0], 10, 0, MAX_LATENTS - 1, &first, NULL)
      || !g_ascii_string_to_unsigned (
          parts[1], 10, first, MAX_LATENTS - 1, &last, NULL))
    return;
  file->first = first;
  file->last = last;
}

static gboolean
check_tensors (File *file, GError **error)
{
  const guint64 any[2] = { 0, 3 };
  guint64 n;

  file->locations =
      act_safetensors_require (file->file, "locations", 2, any, error);
  if (file->locations == NULL)
    return FALSE;
  n = file->locations->shape[0];
  file->activations =
      act_safetensors_require (file->file, "activations", 1, &n, error);
  if (file->activations == NULL)
    return FALSE;
  if (file->activations->n_elements != n)
    return fail (file, error,
        "%" G_GUINT64_FORMAT " locations, but %" G_GSIZE_FORMAT " activations",
        n, file->activations->n_elements);
  if (!act_tokens_is_dtype (file->locations->dtype))
    return fail (file, error,
        "'locations' has %s, expected U16, U32, I32 or I64",
        act_dtype_name (file->locations->dtype));
  if (file->activations->dtype != ACT_DTYPE_F32
      && file->activations->dtype != ACT_DTYPE_F16
      && file->activations->dtype != ACT_DTYPE_BF16)
    return fail (file, error, "'activations' has %s, expected F32, F16 or BF16",
        act_dtype_name (file->activations->dtype));
  return TRUE;
}

/* the tokens of the first file that has them; others must be the same */
static gboolean
take_tokens (ActLatents *latents, const File *file, GError **error)
{
  const ActTensor *tokens = act_safetensors_lookup (file->file, "tokens");
  const ActTensor *known = latents->tokens;

  if (tokens == NULL)
    return TRUE;
  if (tokens->n_dims != 2 || !act_tokens_is_dtype (tokens->dtype)
      || tokens->n_elements == 0 || tokens->shape[0] > G_MAXINT32
      || tokens->shape[1] > G_MAXINT32) {
    g_autofree char *shape =
        act_tensor_shape_to_string (tokens->n_dims, tokens->shape);

    return fail (file, error,
        "'tokens' has %s %s, expected whole numbers [samples, n_ctx]",
        act_dtype_name (tokens->dtype), shape);
  }
  if (known == NULL) {
    latents->tokens = tokens;
    return TRUE;
  }
  if (known->dtype == tokens->dtype && known->size == tokens->size
      && known->shape[0] == tokens->shape[0]
      && memcmp (known->data, tokens->data, tokens->size) == 0)
    return TRUE;
  return fail (file, error,
      "its tokens are others than those of the files "
      "before");
}

static gboolean
add_file (
    ActLatents *latents, const char *folder, const char *name, GError **error)
{
  g_autofree char *filename = g_build_filename (folder, name, NULL);
  File *file = g_new0 (File, 1);

  g_ptr_array_add (latents->files, file);
  file->file = act_safetensors_open (filename, error);
  if (file->file == NULL)
    return FALSE;
  parse_range (file, name);
  return check_tensors (file, error) && take_tokens (latents, file, error);
}

/* Every entry lies in the tokens and among the file's latents. */
static gboolean
check_entry (
    const ActLatents *latents, const File *file, guint64 entry, GError **error)
{
  guint64 sample = location (file, entry, 0);
  guint64 position = location (file, entry, 1);
  guint64 latent = location (file, entry, 2);
  guint64 limit =
      file->last == G_MAXUINT64 ? MAX_LATENTS : file->last - file->first + 1;

  if (sample < latents->tokens->shape[0] && position < latents->tokens->shape[1]
      && latent < limit)
    return TRUE;
  return fail (file, error,
      "location %" G_GUINT64_FORMAT " is sample %" G_GINT64_FORMAT
      ", position %" G_GINT64_FORMAT ", latent %" G_GINT64_FORMAT
      ", expected them below %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
      " and %" G_GUINT64_FORMAT,
      entry, (gint64) sample, (gint64) position, (gint64) latent,
      latents->tokens->shape[0], latents->tokens->shape[1], limit);
}

/* All entries are looked at once: the samples that the file has, whether they
 * come in order, and the largest latent. */
static gboolean
check_entries (
    ActLatents *latents, File *file, gboolean *sorted, GError **error)
{
  guint64 n = file->locations->shape[0], before = 0, largest = 0;
  guint64 first = G_MAXUINT64, last = 0;

  *sorted = TRUE;
  for (guint64 i = 0; i < n; i++) {
    guint64 sample;

    if (!check_entry (latents, file, i, error))
      return FALSE;
    sample = location (file, i, 0);
    *sorted = *sorted && sample >= before;
    before = sample;
    first = MIN (first, sample);
    last = MAX (last, sample);
    largest = MAX (largest, location (file, i, 2) + 1);
  }
  file->first_sample = n > 0 ? first : 0;
  file->n_samples = n > 0 ? last - first + 1 : 0;
  largest = file->last == G_MAXUINT64 ? largest : file->last + 1;
  latents->n_latents = MAX (latents->n_latents, largest);
  return TRUE;
}

/* an array of a size that the file decides */
static guint64 *
try_new (const File *file, guint64 n, GError **error)
{
  guint64 *array = g_try_new0 (guint64, n);

  if (array == NULL)
    fail (file, error,
        "there is no memory for an index of %" G_GUINT64_FORMAT " entries", n);
  return array;
}

/* Where each sample's entries begin, and, unless they come sample by sample,
 * their order: counted, then placed. Only of the samples from the file's first
 * to its last: of many files, each may have a few. */
static gboolean
index_file (ActLatents *latents, File *file, GError **error)
{
  guint64 n = file->locations->shape[0];
  gboolean sorted;
  g_autofree guint64 *next = NULL;

  if (!check_entries (latents, file, &sorted, error))
    return FALSE;
  file->starts = try_new (file, file->n_samples + 1, error);
  if (file->starts == NULL)
    return FALSE;
  for (guint64 i = 0; i < n; i++)
    file->starts[location (file, i, 0) - file->first_sample + 1]++;
  for (guint64 i = 0; i < file->n_samples; i++)
    file->starts[i + 1] += file->starts[i];
  if (sorted)
    return TRUE;
  next = try_new (file, file->n_samples, error);
  file->order = next ? try_new (file, n, error) : NULL;
  if (file->order == NULL)
    return FALSE;
  memcpy (next, file->starts, file->n_samples * sizeof *next);
  for (guint64 i = 0; i < n; i++)
    file->order[next[location (file, i, 0) - file->first_sample]++] = i;
  return TRUE;
}

gboolean
act_latents_is (const char *filename)
{
  g_autoptr (ActSafetensors) file = act_safetensors_open (filename, NULL);

  return file != NULL && act_safetensors_lookup (file, "locations") != NULL;
}

ActLatents *
act_latents_open (const char *folder, const GPtrArray *names, GError **error)
{
  g_autoptr (ActLatents) latents = g_new0 (ActLatents, 1);

  latents->files = g_ptr_array_new_with_free_func (file_free);
  for (guint i = 0; i < names->len; i++)
    if (!add_file (latents, folder, names->pdata[i], error))
      return NULL;
  if (latents->tokens == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_MISMATCH,
        "'%s': no file has a tensor 'tokens', expected it in one at least",
        folder);
    return NULL;
  }
  for (guint i = 0; i < latents->files->len; i++)
    if (!index_file (latents, latents->files->pdata[i], error))
      return NULL;
  if (latents->n_latents > 0)
    return g_steal_pointer (&latents);
  g_set_error (error, ACT_ERROR, ACT_ERROR_VALUE,
      "'%s': there are no latents, expected one location at least", folder);
  return NULL;
}

void
act_latents_free (ActLatents *latents)
{
  if (latents == NULL)
    return;
  g_ptr_array_unref (latents->files);
  g_free (latents);
}

const ActTensor *
act_latents_get_tokens (const ActLatents *latents)
{
  return latents->tokens;
}

guint
act_latents_get_n_latents (const ActLatents *latents)
{
  return latents->n_latents;
}

/* an entry of a batch: its row in the upper half, its column in the lower */
typedef struct {
  guint64 place;
  float value;
  guint file; /* that it is from */
} Entry;

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *x = a, *y = b;

  return x->place < y->place ? -1 : x->place > y->place;
}

static gboolean
add_entry (const ActLatents *latents, guint f, guint64 i, guint64 first_sample,
    GArray *entries, GError **error)
{
  const File *file = latents->files->pdata[f];
  guint64 n_ctx = latents->tokens->shape[1];
  guint64 sample = location (file, i, 0), position = location (file, i, 1);
  guint64 latent = file->first + location (file, i, 2);
  Entry entry = { ((sample - first_sample) * n_ctx + position) << 32 | latent,
    0, f };
  gsize size = act_dtype_size (file->activations->dtype);

  if (!act_to_f32 (file->activations->dtype,
          (const guint8 *) file->activations->data + i * size, 1, &entry.value,
          error))
    return FALSE;
  if (!isfinite (entry.value))
    return fail (file, error,
        "sample %" G_GUINT64_FORMAT ", position %" G_GUINT64_FORMAT
        ", latent %" G_GUINT64_FORMAT
        ": activation is %s, expected a finite number",
        sample, position, latent, isnan (entry.value) ? "NaN" : "infinite");
  g_array_append_val (entries, entry);
  return TRUE;
}

/* the first entry that is of this sample or one after it */
static guint64
entry_of (const File *file, guint64 sample)
{
  guint64 at = sample > file->first_sample ? sample - file->first_sample : 0;

  return file->starts[MIN (at, file->n_samples)];
}

/* in order of rows and columns */
static gboolean
collect (const ActLatents *latents, guint64 first_sample, guint n_samples,
    GArray *entries, GError **error)
{
  gboolean sorted = TRUE;

  for (guint f = 0; f < latents->files->len; f++) {
    const File *file = latents->files->pdata[f];

    for (guint64 i = entry_of (file, first_sample);
         i < entry_of (file, first_sample + n_samples); i++)
      if (!add_entry (latents, f, file->order ? file->order[i] : i,
              first_sample, entries, error))
        return FALSE;
  }
  for (guint i = 1; sorted && i < entries->len; i++)
    sorted = g_array_index (entries, Entry, i - 1).place
        < g_array_index (entries, Entry, i).place;
  if (!sorted)
    g_array_sort (entries, compare_entries);
  return TRUE;
}

/* two entries of one place: which place, and which files */
static gboolean
set_twice_error (const ActLatents *latents, guint64 first_sample,
    const Entry *first, const Entry *second, GError **error)
{
  guint64 n_ctx = latents->tokens->shape[1], row = first->place >> 32;
  const File *one = latents->files->pdata[MIN (first->file, second->file)];
  const File *other = latents->files->pdata[MAX (first->file, second->file)];
  g_autofree char *where = one == other
      ? g_strdup ("in this file")
      : g_strdup_printf (
          "one of them in '%s'", act_safetensors_get_filename (other->file));

  return fail (one, error,
      "sample %" G_GUINT64_FORMAT ", position %" G_GUINT64_FORMAT
      ", latent %u has two activations, %s; expected one at most",
      first_sample + row / n_ctx, row % n_ctx, (guint32) first->place, where);
}

gboolean
act_latents_read_csr (const ActLatents *latents, guint64 first_sample,
    guint n_samples, ActCsrArrays *csr, GError **error)
{
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  guint64 n_rows = n_samples * latents->tokens->shape[1];
  guint at = 0;

  if (!collect (latents, first_sample, n_samples, entries, error))
    return FALSE;
  act_csr_arrays_begin (csr);
  for (guint64 row = 0; row < n_rows; row++) {
    for (; at < entries->len; at++) {
      const Entry *entry = &g_array_index (entries, Entry, at);

      if (entry->place >> 32 != row)
        break;
      if (at > 0 && entry[-1].place == entry->place)
        return set_twice_error (latents, first_sample, entry - 1, entry, error);
      act_csr_arrays_append_value (
          csr, (gint32) (entry->place & G_MAXUINT32), entry->value);
    }
    act_csr_arrays_end_row (csr);
  }
  return TRUE;
}
