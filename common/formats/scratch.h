/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A file without a name for data that do not fit in memory: appended to, and
 * mapped piece by piece for reading. Nothing of it can be left behind, however
 * the process ends. */
typedef struct _ActScratch ActScratch;

/* The folder for files that may become large: $TMPDIR; else /var/tmp, since
 * /tmp may be in memory; else what the system says. */
const char *act_scratch_default_folder (void);

/* folder: where there is room; NULL: the default */
ActScratch *act_scratch_new (const char *folder, GError **error);
void act_scratch_free (ActScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActScratch, act_scratch_free)

/* where the next byte will be */
guint64 act_scratch_get_size (const ActScratch *scratch);
gboolean act_scratch_append (
    ActScratch *scratch, const void *data, gsize size, GError **error);
/* zeros up to a multiple of alignment */
gboolean act_scratch_align (
    ActScratch *scratch, gsize alignment, GError **error);

/* Reads again what was appended. */
gboolean act_scratch_read (ActScratch *scratch, guint64 offset, void *data,
    gsize size, GError **error);
/* as new; what is mapped must not be read any more */
gboolean act_scratch_clear (ActScratch *scratch, GError **error);

/* What was appended at offset, a multiple of ACT_SCRATCH_ALIGNMENT; readable
 * until the bytes go, also when the scratch is gone. (transfer full) */
#define ACT_SCRATCH_ALIGNMENT 65536
GBytes *act_scratch_map (
    ActScratch *scratch, guint64 offset, gsize size, GError **error);
