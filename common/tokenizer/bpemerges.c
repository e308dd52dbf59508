/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/bpemerges.h"

#include <string.h>

#define NO_RANK G_MAXUINT32
#define NO_ID G_MAXUINT32
/* scratch memory that is kept for the next piece */
#define MAX_KEPT 4096

typedef struct {
  guint64 pair; /* left id << 32 | right id */
  guint32 rank; /* NO_RANK: the slot is empty */
  guint32 id;
} Merge;

typedef struct {
  guint32 id;            /* NO_ID: part of the symbol before it now */
  gint32 previous, next; /* -1 at the ends */
} Symbol;

/* a pair that had a merge when it was put here */
typedef struct {
  guint32 rank;
  gint32 left;
  guint32 id; /* of the merge */
} Candidate;

struct _ActBpeMerges {
  Merge *merges; /* open addressing, a power of two of slots */
  guint merge_shift;
  gsize merge_mask;
  GArray *symbols, *heap;
};

/* Fibonacci hashing: the upper bits of the product are the mixed ones */
static inline gsize
merge_slot (const ActBpeMerges *self, guint64 pair)
{
  return (gsize) ((pair * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15))
      >> self->merge_shift);
}

/* NULL if the two have no merge */
static inline const Merge *
find_merge (const ActBpeMerges *self, guint32 left, guint32 right)
{
  guint64 pair = (guint64) left << 32 | right;
  gsize i = merge_slot (self, pair);

  while (self->merges[i].rank != NO_RANK) {
    if (self->merges[i].pair == pair)
      return &self->merges[i];
    i = (i + 1) & self->merge_mask;
  }
  return NULL;
}

void
act_bpe_merges_add (
    ActBpeMerges *self, guint32 left, guint32 right, guint32 rank, guint32 id)
{
  guint64 pair = (guint64) left << 32 | right;
  gsize i = merge_slot (self, pair);

  while (self->merges[i].rank != NO_RANK && self->merges[i].pair != pair)
    i = (i + 1) & self->merge_mask;
  self->merges[i] = (Merge){ pair, rank, id }; /* the last of equals counts */
}

gsize
act_bpe_merges_apply_short (const ActBpeMerges *self, guint32 *ids, gsize n)
{
  const Merge *merges[ACT_BPE_SHORT_PIECE];

  for (gsize i = 0; i + 1 < n; i++)
    merges[i] = find_merge (self, ids[i], ids[i + 1]);
  for (;;) {
    guint32 best = NO_RANK;
    gsize at = 0;

    for (gsize i = 0; i + 1 < n; i++) {
      if (merges[i] != NULL && merges[i]->rank < best) {
        best = merges[i]->rank;
        at = i;
      }
    }
    if (best == NO_RANK)
      return n;
    ids[at] = merges[at]->id;
    n--;
    memmove (ids + at + 1, ids + at + 2, (n - at - 1) * sizeof (*ids));
    memmove (merges + at, merges + at + 1, (n - at) * sizeof (*merges));
    if (at > 0)
      merges[at - 1] = find_merge (self, ids[at - 1], ids[at]);
    if (at + 1 < n)
      merges[at] = find_merge (self, ids[at], ids[at + 1]);
  }
}

static inline gboolean
candidate_before (const Candidate *a, const Candidate *b)
{
  return a->rank < b->rank || (a->rank == b->rank && a->left < b->left);
}

static void
heap_push (GArray *heap, Candidate candidate)
{
  Candidate *c;
  gsize i = heap->len;

  g_array_append_val (heap, candidate);
  c = (Candidate *) (gpointer) heap->data;
  while (i > 0 && candidate_before (&candidate, &c[(i - 1) / 2])) {
    c[i] = c[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  c[i] = candidate;
}

static Candidate
heap_pop (GArray *heap)
{
  Candidate *c = (Candidate *) (gpointer) heap->data;
  Candidate top = c[0], last = c[heap->len - 1];
  gsize i = 0, n = heap->len - 1;

  g_array_set_size (heap, (guint) n);
  while (2 * i + 1 < n) {
    gsize child = 2 * i + 1;

    if (child + 1 < n && candidate_before (&c[child + 1], &c[child]))
      child++;
    if (!candidate_before (&c[child], &last))
      break;
    c[i] = c[child];
    i = child;
  }
  if (n > 0)
    c[i] = last;
  return top;
}

static void
push_pair (ActBpeMerges *self, const Symbol *symbols, gint32 left)
{
  const Merge *merge;

  if (left < 0 || symbols[left].next < 0)
    return;
  merge = find_merge (self, symbols[left].id, symbols[symbols[left].next].id);
  if (merge != NULL)
    heap_push (self->heap, (Candidate){ merge->rank, left, merge->id });
}

static void
merge_candidate (
    ActBpeMerges *self, Symbol *symbols, const Candidate *candidate)
{
  Symbol *left = &symbols[candidate->left];
  const Merge *merge;
  Symbol *right;

  if (left->id == NO_ID || left->next < 0)
    return;
  right = &symbols[left->next];
  /* is it still the pair that was put in the heap? */
  merge = find_merge (self, left->id, right->id);
  if (merge == NULL || merge->id != candidate->id)
    return;
  left->id = candidate->id;
  right->id = NO_ID;
  left->next = right->next;
  if (left->next >= 0)
    symbols[left->next].previous = candidate->left;
  push_pair (self, symbols, left->previous);
  push_pair (self, symbols, candidate->left);
}

static void
drop_scratch (ActBpeMerges *self)
{
  g_clear_pointer (&self->symbols, g_array_unref);
  g_clear_pointer (&self->heap, g_array_unref);
  self->symbols = g_array_new (FALSE, FALSE, sizeof (Symbol));
  self->heap = g_array_new (FALSE, FALSE, sizeof (Candidate));
}

void
act_bpe_merges_apply_long (
    ActBpeMerges *self, const guint32 *ids, gsize n, GArray *out)
{
  Symbol *symbols;

  g_array_set_size (self->symbols, (guint) n);
  g_array_set_size (self->heap, 0);
  symbols = (Symbol *) (gpointer) self->symbols->data;
  for (gsize i = 0; i < n; i++)
    symbols[i] =
        (Symbol){ ids[i], (gint32) i - 1, i + 1 < n ? (gint32) i + 1 : -1 };
  for (gsize i = 0; i < n; i++)
    push_pair (self, symbols, (gint32) i);
  while (self->heap->len > 0) {
    Candidate candidate = heap_pop (self->heap);

    merge_candidate (self, symbols, &candidate);
  }
  for (gint32 i = n > 0 ? 0 : -1; i >= 0; i = symbols[i].next)
    g_array_append_val (out, symbols[i].id);
  if (n > MAX_KEPT)
    drop_scratch (self);
}

ActBpeMerges *
act_bpe_merges_new (gsize n)
{
  ActBpeMerges *self = g_new0 (ActBpeMerges, 1);
  guint bits = 4;
  gsize n_slots;

  while (((gsize) 1 << bits) / 2 < n)
    bits++;
  n_slots = (gsize) 1 << bits;
  self->merge_mask = n_slots - 1;
  self->merge_shift = 64 - bits;
  self->merges = g_new (Merge, n_slots);
  for (gsize i = 0; i < n_slots; i++)
    self->merges[i] = (Merge){ 0, NO_RANK, 0 };
  drop_scratch (self);
  return self;
}

void
act_bpe_merges_free (ActBpeMerges *self)
{
  if (self == NULL)
    return;
  g_free (self->merges);
  g_array_unref (self->symbols);
  g_array_unref (self->heap);
  g_free (self);
}
