/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The merges of byte-pair encoding, and what they make of a piece: of all
 * adjacent pairs that have one, the one of the lowest rank (the leftmost of
 * them) becomes one symbol, until none is left. Short pieces are searched for
 * it again and again, long ones keep the pairs in a heap: O(n log n). */

#define ACT_BPE_SHORT_PIECE 32 /* symbols */
/* places are int32, and a GArray's size is an unsigned int of bytes */
#define ACT_BPE_MAX_PIECE (G_MAXINT32 / 48)

typedef struct _ActBpeMerges ActBpeMerges;

/* at most n will be added */
ActBpeMerges *act_bpe_merges_new (gsize n);
void act_bpe_merges_free (ActBpeMerges *merges);
/* the last of equals counts */
void act_bpe_merges_add (ActBpeMerges *merges, guint32 left, guint32 right,
    guint32 rank, guint32 id);

/* in place, of at most ACT_BPE_SHORT_PIECE; returns how many are left */
gsize act_bpe_merges_apply_short (
    const ActBpeMerges *merges, guint32 *ids, gsize n);
/* appends what is left to out; at most ACT_BPE_MAX_PIECE */
void act_bpe_merges_apply_long (
    ActBpeMerges *merges, const guint32 *ids, gsize n, GArray *out);
