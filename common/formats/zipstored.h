/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A zip whose members are stored as they are: what torch.save writes. Members
 * are given where they lie in the file, without a copy. (zip.h reads packed
 * ones, whole.)
 *
 * Read through the directory at the file's end, 64-bit sizes too. A member's
 * bytes must lie in the file before the directory, and have the checksum that
 * is given for them. Packed or encrypted members are listed, and refused when
 * they are asked for. */

typedef struct _ActZipStored ActZipStored;

ActZipStored *act_zip_stored_open (const char *filename, GError **error);
/* the same of bytes in memory; name is for messages */
ActZipStored *act_zip_stored_new (
    GBytes *bytes, const char *name, GError **error);
void act_zip_stored_free (ActZipStored *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActZipStored, act_zip_stored_free)

guint act_zip_stored_get_n_members (const ActZipStored *zip);
/* in the order of the directory */
const char *act_zip_stored_get_name (const ActZipStored *zip, guint member);
/* -1: there is none of that name */
gint act_zip_stored_find (const ActZipStored *zip, const char *name);
/* (transfer full) a member's bytes, in place */
GBytes *act_zip_stored_get (ActZipStored *zip, guint member, GError **error);
