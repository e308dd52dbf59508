/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gst/activations/gstactvocabulary.h"

#include "tokenizer/vocab.h"

struct _GstActVocabulary {
  gint ref_count;
  ActVocab *vocab;
};

G_DEFINE_BOXED_TYPE (GstActVocabulary, gst_act_vocabulary,
    gst_act_vocabulary_ref, gst_act_vocabulary_unref)

static GstActVocabulary *
vocabulary_take (ActVocab *vocab)
{
  GstActVocabulary *vocabulary = g_new0 (GstActVocabulary, 1);

  vocabulary->ref_count = 1;
  vocabulary->vocab = vocab;
  return vocabulary;
}

/**
 * gst_act_vocabulary_new:
 * @strings: (array length=n_strings): the token strings, by id
 * @n_strings: number of strings
 *
 * Makes a vocabulary of strings in memory; several ids may share a string.
 *
 * Returns: (transfer full): a new vocabulary
 */
GstActVocabulary *
gst_act_vocabulary_new (const gchar *const *strings, guint n_strings)
{
  g_return_val_if_fail (strings != NULL || n_strings == 0, NULL);
  g_return_val_if_fail (n_strings <= G_MAXINT32, NULL);

  return vocabulary_take (act_vocab_new (strings, n_strings));
}

/**
 * gst_act_vocabulary_new_from_file:
 * @filename: (type filename): a tokenizer.json, or a vocab.json that is a
 *   list of the token strings by id or an object of token ids by string
 * @error: (nullable): return location for an error
 *
 * Reads the token strings of a file, those of added tokens among them. An id
 * that the file does not name gets an empty string; an id that it gives to
 * two strings is an error.
 *
 * Returns: (transfer full): a new vocabulary, or %NULL with @error set
 */
GstActVocabulary *
gst_act_vocabulary_new_from_file (const gchar *filename, GError **error)
{
  ActVocab *vocab;

  g_return_val_if_fail (filename != NULL, NULL);

  vocab = act_vocab_new_from_file (filename, error);
  return vocab == NULL ? NULL : vocabulary_take (vocab);
}

/**
 * gst_act_vocabulary_ref:
 * @vocabulary: a vocabulary
 *
 * Returns: (transfer full): @vocabulary, with one more reference
 */
GstActVocabulary *
gst_act_vocabulary_ref (GstActVocabulary *vocabulary)
{
  g_return_val_if_fail (vocabulary != NULL, NULL);

  g_atomic_int_inc (&vocabulary->ref_count);
  return vocabulary;
}

/**
 * gst_act_vocabulary_unref:
 * @vocabulary: (transfer full): a vocabulary
 *
 * Gives up a reference.
 */
void
gst_act_vocabulary_unref (GstActVocabulary *vocabulary)
{
  g_return_if_fail (vocabulary != NULL);

  if (!g_atomic_int_dec_and_test (&vocabulary->ref_count))
    return;
  act_vocab_free (vocabulary->vocab);
  g_free (vocabulary);
}

/**
 * gst_act_vocabulary_get_size:
 * @vocabulary: a vocabulary
 *
 * Returns: the largest token id, added tokens included, plus one
 */
guint
gst_act_vocabulary_get_size (const GstActVocabulary *vocabulary)
{
  g_return_val_if_fail (vocabulary != NULL, 0);

  return vocabulary->vocab->size;
}

/**
 * gst_act_vocabulary_get_string:
 * @vocabulary: a vocabulary
 * @id: a token id
 * @length: (out) (optional): the string's length in bytes
 *
 * A token's string may hold U+0000; then only @length tells where it ends.
 *
 * Returns: (transfer none) (nullable): the raw string of token @id, empty
 *   where the id has none, %NULL if @id is not below the vocabulary's size
 */
const gchar *
gst_act_vocabulary_get_string (
    const GstActVocabulary *vocabulary, guint id, gsize *length)
{
  g_return_val_if_fail (vocabulary != NULL, NULL);

  if (length != NULL)
    *length = 0;
  return act_vocab_get (vocabulary->vocab, id, length);
}
