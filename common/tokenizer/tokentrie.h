/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* Tokens by their bytes, to be walked a byte at a time: all tokens that a text
 * begins with are found in one go. Nodes are numbers, 0 is the root; an edge
 * is a slot of a hash table. */

#define ACT_TRIE_NO_NODE G_MAXUINT32

typedef struct {
  guint64 edge; /* node << 8 | byte, + 1; 0: the slot is empty */
  guint32 child;
} ActTrieEdge;

typedef struct {
  ActTrieEdge *edges; /* open addressing, a power of two of slots */
  gsize mask;
  guint shift;
  guint32 n_nodes;
  GArray *ids; /* gint32 for each node, -1: no token ends there */
} ActTokenTrie;

ActTokenTrie *act_token_trie_new (void);
void act_token_trie_free (ActTokenTrie *trie);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenTrie, act_token_trie_free)

/* the last of equals counts */
void act_token_trie_add (
    ActTokenTrie *trie, const char *token, gsize length, gint32 id);
/* of {token: id}, as act_json_parse_with_nul () has it */
ActTokenTrie *act_token_trie_new_from_json (
    JsonObject *vocab, const char *name, GError **error);
/* <0x00> .. <0xFF>, for what has no token of its own; -1 where there is none
 */
void act_token_trie_get_bytes (const ActTokenTrie *trie, gint32 ids[256]);

/* the node behind a byte, ACT_TRIE_NO_NODE if no token goes on so */
static inline guint32
act_token_trie_step (const ActTokenTrie *trie, guint32 node, guint8 byte)
{
  guint64 edge = ((guint64) node << 8 | byte) + 1;
  gsize i =
      (gsize) ((edge * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)) >> trie->shift);

  while (trie->edges[i].edge != 0) {
    if (trie->edges[i].edge == edge)
      return trie->edges[i].child;
    i = (i + 1) & trie->mask;
  }
  return ACT_TRIE_NO_NODE;
}

/* -1 where no token ends */
static inline gint32
act_token_trie_get_id (const ActTokenTrie *trie, guint32 node)
{
  return g_array_index (trie->ids, gint32, node);
}

/* behind several bytes */
guint32 act_token_trie_walk (
    const ActTokenTrie *trie, guint32 node, const char *text, gsize length);
/* the token that is just this text; -1 if there is none */
gint32 act_token_trie_find (
    const ActTokenTrie *trie, const char *text, gsize length);
