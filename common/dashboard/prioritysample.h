/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A uniform random choice of n among things that come one by one: each has a
 * key that looks random, and the n smallest keys are kept (bottom-k sampling;
 * Cohen and Kaplan, PODC 2007). The key is a function of the seed and the
 * sample's index, so the choice does not depend on the order, nor on how a run
 * is cut into shards. */

/* SplitMix64's output for the state sample + 2^64 / phi * (seed + 1) (Steele,
 * Lea and Flood, OOPSLA 2014). With one seed no two samples share a key. */
guint64 act_priority_key (guint64 seed, guint64 sample);

typedef struct {
  guint64 key;
  gsize row;
} ActPriority;

typedef struct {
  guint size; /* how many are kept */
  guint n;
  guint room;
  ActPriority *heap; /* [size], the largest key first */
} ActPrioritySample;

void act_priority_sample_init (ActPrioritySample *sample, guint size);
void act_priority_sample_clear (ActPrioritySample *sample);
void act_priority_sample_add (
    ActPrioritySample *sample, guint64 key, gsize row);
/* Sorts heap [n] by rising key. Nothing may be added before the next reset. */
void act_priority_sample_sort (ActPrioritySample *sample);
void act_priority_sample_reset (ActPrioritySample *sample);
