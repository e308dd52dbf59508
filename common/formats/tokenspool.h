/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Token ids that wait in a file until it is known which of them are wanted:
 * int32, one after the other. The file is in the folder for temporary files
 * (TMPDIR) and has no name, so nothing of it can be left behind. */
typedef struct _ActTokenSpool ActTokenSpool;

ActTokenSpool *act_token_spool_new (GError **error);
void act_token_spool_free (ActTokenSpool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActTokenSpool, act_token_spool_free)

/* how many there are */
guint64 act_token_spool_get_size (const ActTokenSpool *spool);

gboolean act_token_spool_append (
    ActTokenSpool *spool, const gint32 *ids, gsize n_ids, GError **error);

/* n_ids of them from index first on, which must be there */
gboolean act_token_spool_read (ActTokenSpool *spool, guint64 first, gint32 *ids,
    gsize n_ids, GError **error);

/* drops them all */
gboolean act_token_spool_clear (ActTokenSpool *spool, GError **error);
