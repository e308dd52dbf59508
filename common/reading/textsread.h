/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "reading/lines.h"

/* A line of text_samples.jsonl. */
typedef struct {
  guint64 line;
  GString *hash;
  GPtrArray *tokens; /* GString */
} ActShownText;

void act_shown_text_free (ActShownText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShownText, act_shown_text_free)

/* The next line's; NULL after the last. */
gboolean act_shown_text_next (
    ActLines *lines, ActShownText **text, GError **error);
/* The next line's whose hash is a key of wanted; NULL if there is none. */
gboolean act_shown_text_next_of (
    ActLines *lines, GHashTable *wanted, ActShownText **text, GError **error);
