/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Ranges of numbers in words, as "0, 3-5". All zero is an empty list. */
typedef struct {
  GArray *items; /* pairs of guint64: first, end */
} ActRanges;

/* ascending; one that begins where the last one ends is joined to it, an empty
 * one is left out */
void act_ranges_add (ActRanges *ranges, guint64 first, guint64 end);
gboolean act_ranges_is_empty (const ActRanges *ranges);
char *act_ranges_to_string (const ActRanges *ranges, const char *separator);
void act_ranges_clear (ActRanges *ranges);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ActRanges, act_ranges_clear)
