/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tokenfile.h"

/* Files of token ids, one after another, as if they were one: a file, or all
 * that a pattern (*, ?, [..]) matches, in the order of the numbers in their
 * names. All have samples of the same length. One of them is open at a time. */

typedef struct _ActTokenSet ActTokenSet;

/* The arguments are those of act_token_file_open (). */
ActTokenSet *act_token_set_open (const char *location, const char *tensor,
    const char *field, ActDtype raw_dtype, guint n_ctx, GError **error);
void act_token_set_free (ActTokenSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenSet, act_token_set_free)

guint act_token_set_get_n_ctx (const ActTokenSet *set);
guint64 act_token_set_get_n_samples (const ActTokenSet *set);
gboolean act_token_set_read (ActTokenSet *set, guint64 first_sample,
    guint n_samples, guint vocab_size, gint32 *tokens, GError **error);
