/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/tokentrie.h"

#include <string.h>

#include "formats/json.h"
#include "tokenizer/vocab.h"

#define FIRST_BITS 10

static void
set_size (ActTokenTrie *trie, guint bits)
{
  trie->edges = g_new0 (ActTrieEdge, (gsize) 1 << bits);
  trie->mask = ((gsize) 1 << bits) - 1;
  trie->shift = 64 - bits;
}

ActTokenTrie *
act_token_trie_new (void)
{
  ActTokenTrie *trie = g_new0 (ActTokenTrie, 1);
  gint32 none = -1;

  set_size (trie, FIRST_BITS);
  trie->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_array_append_val (trie->ids, none);
  trie->n_nodes = 1;
  return trie;
}

void
act_token_trie_free (ActTokenTrie *trie)
{
  if (trie == NULL)
    return;
  g_free (trie->edges);
  g_array_unref (trie->ids);
  g_free (trie);
}

static void
insert_edge (ActTokenTrie *trie, guint64 edge, guint32 child)
{
  gsize i =
      (gsize) ((edge * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) >> trie->shift);

  while (trie->edges[i].edge != 0)
    i = (i + 1) & trie->mask;
  trie->edges[i] = (ActTrieEdge){ edge, child };
}

static void
grow (ActTokenTrie *trie)
{
  g_autofree ActTrieEdge *old = trie->edges;
  gsize n_old = trie->mask + 1;

  set_size (trie, 64 - trie->shift + 1);
  for (gsize i = 0; i < n_old; i++) {
    if (old[i].edge != 0)
      insert_edge (trie, old[i].edge, old[i].child);
  }
}

void
act_token_trie_add (
    ActTokenTrie *trie, const char *token, gsize length, gint32 id)
{
  guint32 node = 0;

  for (gsize i = 0; i < length; i++) {
    guint32 child = act_token_trie_step (trie, node, (guint8) token[i]);
    gint32 none = -1;

    if (child == ACT_TRIE_NO_NODE) {
      if (trie->n_nodes > trie->mask / 2)
        grow (trie);
      child = trie->n_nodes++;
      g_array_append_val (trie->ids, none);
      insert_edge (trie, ((guint64) node << 8 | (guint8) token[i]) + 1, child);
    }
    node = child;
  }
  g_array_index (trie->ids, gint32, node) = id;
}

ActTokenTrie *
act_token_trie_new_from_json (
    JsonObject *vocab, const char *name, GError **error)
{
  g_autoptr (ActTokenTrie) trie = act_token_trie_new ();
  g_autoptr (GString) bytes = g_string_new (NULL);
  JsonObjectIter iter;
  const char *token;
  JsonNode *node;

  json_object_iter_init (&iter, vocab);
  while (json_object_iter_next (&iter, &token, &node)) {
    guint32 id;

    if (!act_vocab_parse_id (node, token, name, &id, error))
      return NULL;
    g_string_truncate (bytes, 0);
    act_json_append_bytes (bytes, token);
    act_token_trie_add (trie, bytes->str, bytes->len, (gint32) id);
  }
  return g_steal_pointer (&trie);
}

void
act_token_trie_get_bytes (const ActTokenTrie *trie, gint32 ids[256])
{
  for (guint i = 0; i < 256; i++) {
    char token[8];

    g_snprintf (token, sizeof (token), "<0x%02X>", i);
    ids[i] = act_token_trie_find (trie, token, strlen (token));
  }
}

guint32
act_token_trie_walk (
    const ActTokenTrie *trie, guint32 node, const char *text, gsize length)
{
  for (gsize i = 0; i < length && node != ACT_TRIE_NO_NODE; i++)
    node = act_token_trie_step (trie, node, (guint8) text[i]);
  return node;
}

gint32
act_token_trie_find (const ActTokenTrie *trie, const char *text, gsize length)
{
  guint32 node = act_token_trie_walk (trie, 0, text, length);

  return node == ACT_TRIE_NO_NODE ? -1 : act_token_trie_get_id (trie, node);
}
