/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fuzzed.py needs of our side: KIND PATH.. reads each file (or folder) as
 * one of its kind, uses all that was read, and prints a line: "ok", or why not.
 * A sanitizer watches. */
#include <glib.h>
#include <string.h>

#include "clusters/clusterfile.h"
#include "formats/latents.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "formats/tokenset.h"
#include "formats/yaml.h"
#include "tokenizer/decoder.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocab.h"

/* where a tensor's bytes lie is what a sanitizer is to see */
static void
touch (const void *data, gsize size)
{
  g_autofree char *sum =
      g_compute_checksum_for_data (G_CHECKSUM_MD5, data, size);

  g_assert_nonnull (sum);
}

static gboolean
try_yaml (const char *path, GError **error)
{
  g_autoptr (JsonNode) root = act_yaml_read_file (path, 1 << 20, error);
  g_autofree char *text = root != NULL ? json_to_string (root, FALSE) : NULL;

  return text != NULL;
}

static gboolean
try_safetensors (const char *path, GError **error)
{
  g_autoptr (ActSafetensors) file = act_safetensors_open (path, error);

  for (guint i = 0; file != NULL && i < act_safetensors_get_n_tensors (file);
       i++) {
    const ActTensor *tensor = act_safetensors_get (file, i);

    touch (tensor->data, tensor->size);
    g_assert_true (act_safetensors_lookup (file, tensor->name) == tensor);
  }
  if (file != NULL && act_safetensors_get_metadata (file, "k") != NULL)
    touch (act_safetensors_get_metadata (file, "k"),
        strlen (act_safetensors_get_metadata (file, "k")));
  return file != NULL;
}

static gboolean
try_npy (const char *path, GError **error)
{
  g_autoptr (ActNpy) npy = act_npy_open (path, error);

  if (npy != NULL)
    touch (act_npy_get (npy)->data, act_npy_get (npy)->size);
  return npy != NULL;
}

static gboolean
try_clusters (const char *path, GError **error)
{
  g_autoptr (ActClusterFile) file = act_cluster_file_read (path, -1, 0, error);
  guint n = 0;

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < file->n_clusters; i++) {
    g_assert_cmpuint (file->n_members[i], >, 0);
    g_assert_true (i == 0 || file->ids[i] > file->ids[i - 1]);
    n += file->n_members[i];
  }
  g_assert_cmpuint (n, ==, file->labels->len);
  for (guint i = 0; i < file->labels->len; i++)
    touch (file->labels->pdata[i], strlen (file->labels->pdata[i]));
  return TRUE;
}

static gboolean
try_decoder (const char *path, const GArray *ids, GError **error)
{
  g_autoptr (ActDecoder) decoder = act_decoder_new_from_file (path, error);
  g_autoptr (GString) text = g_string_new (NULL);

  return decoder != NULL
      && act_decoder_decode (decoder, (const gint32 *) (gpointer) ids->data,
          ids->len, text, NULL, error);
}

static gboolean
try_tokenizer (const char *path, GError **error)
{
  static const char text[] =
      "Hello, w\303\266rld! 12 \344\275\240\345\245\275 e\314\201 "
      "\357\254\201 \360\237\230\200\n\t<s> x'll [MASK] \342\204\242";
  g_autoptr (ActTokenizer) tokenizer =
      act_tokenizer_new_from_file (path, error);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (tokenizer == NULL
      || !act_tokenizer_encode_with_special (
          tokenizer, text, sizeof text - 1, ids, error))
    return FALSE;
  for (guint i = 0; i < ids->len; i++)
    g_assert_cmpuint (
        g_array_index (ids, guint32, i), <, act_tokenizer_get_size (tokenizer));
  return try_decoder (path, ids, error);
}

static GPtrArray *
list_folder (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  return names;
}

static gboolean
try_latents (const char *path, GError **error)
{
  g_autoptr (GPtrArray) names = list_folder (path);
  g_autoptr (ActLatents) latents = act_latents_open (path, names, error);
  ActCsrArrays csr = { 0 };
  gboolean done = latents != NULL;

  for (guint64 i = 0; done && i < act_latents_get_tokens (latents)->shape[0];
       i++) {
    done = act_latents_read_csr (latents, i, 1, &csr, error);
    for (gsize j = 0; done && j < csr.n_values; j++)
      g_assert_cmpuint (
          (guint) csr.indices[j], <, act_latents_get_n_latents (latents));
  }
  act_csr_arrays_clear (&csr);
  return done;
}

static gboolean
try_tokens (const char *path, GError **error)
{
  g_autoptr (ActTokenSet) set =
      act_token_set_open (path, "tokens", "input_ids", ACT_DTYPE_U16, 0, error);
  g_autofree gint32 *ids = NULL;
  guint n_ctx;

  if (set == NULL)
    return FALSE;
  n_ctx = act_token_set_get_n_ctx (set);
  ids = g_new (gint32, n_ctx);
  for (guint64 i = 0; i < act_token_set_get_n_samples (set); i++)
    if (!act_token_set_read (set, i, 1, 1000, ids, error))
      return FALSE;
  return TRUE;
}

static const struct {
  const char *name;
  gboolean (*read) (const char *path, GError **error);
} kinds[] = {
  { "yaml", try_yaml },
  { "safetensors", try_safetensors },
  { "npy", try_npy },
  { "clusters", try_clusters },
  { "tokenizer", try_tokenizer },
  { "latents", try_latents },
  { "tokens", try_tokens },
};

static void
try_all (gboolean (*read) (const char *path, GError **error), char **paths)
{
  for (; *paths != NULL; paths++) {
    g_autoptr (GError) error = NULL;
    gboolean done = read (*paths, &error);

    /* either, and a message is a line that names the file */
    g_assert_true (done == (error == NULL));
    g_assert_true (done || strstr (error->message, *paths) != NULL);
    /* names in a file may hold anything */
    g_print ("%s\n", done ? "ok" : g_strdelimit (error->message, "\n\r", ' '));
  }
}

int
main (int argc, char **argv)
{
  for (guint i = 0; argc > 2 && i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].name, argv[1]) == 0) {
      try_all (kinds[i].read, argv + 2);
      return 0;
    }
  g_printerr ("usage: see the source\n");
  return 1;
}
