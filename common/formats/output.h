/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Output that appears whole or not at all. */

/* A folder made under a temporary name beside its target. */
typedef struct _ActOutputFolder ActOutputFolder;

/* An existing target is refused, unless marker is given: then one that is empty
 * or holds a file of that name, as each output of this kind does, is replaced.
 * Creates missing folders above it; sweeps temporary folders of the same target
 * that dead processes left. */
ActOutputFolder *act_output_folder_new (
    const char *target, const char *marker, GError **error);
/* where to write meanwhile */
const char *act_output_folder_get_path (const ActOutputFolder *folder);
const char *act_output_folder_get_target (const ActOutputFolder *folder);
/* syncs the files and the folder, renames (RENAME_NOREPLACE, or swaps the old
 * one out with a marker), syncs the parent */
gboolean act_output_folder_publish (ActOutputFolder *folder, GError **error);
/* removes what was not published */
void act_output_folder_free (ActOutputFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActOutputFolder, act_output_folder_free)

/* A buffered file; every failure (a full disk too) comes out as an error with
 * the file's name. */
typedef struct _ActOutputFile ActOutputFile;

ActOutputFile *act_output_file_new (const char *filename, GError **error);
gboolean act_output_file_write (
    ActOutputFile *file, const void *data, gsize size, GError **error);
/* flushes, syncs, closes; frees in any case */
gboolean act_output_file_close (ActOutputFile *file, GError **error);
void act_output_file_free (ActOutputFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActOutputFile, act_output_file_free)

gboolean act_output_sync_folder (const char *path, GError **error);

/* Renames a file that has been synced, in one folder. What was at target is
 * replaced. It stays only when the folder is synced, too. */
gboolean act_output_rename_unsynced (
    const char *temporary, const char *target, GError **error);

/* Renames, and syncs the folder. */
gboolean act_output_rename (
    const char *temporary, const char *target, GError **error);
/* Writes a whole file in place of the one before, or not at all. */
gboolean act_output_replace (
    const char *filename, const void *data, gsize size, GError **error);

/* The same under a temporary name of its own, if a last look, when all of it is
 * on the disk, says that it may be replaced. */
typedef gboolean (*ActOutputCheck) (gpointer user_data, GError **error);
gboolean act_output_replace_if (const char *filename, const void *data,
    gsize size, ActOutputCheck check, gpointer user_data, GError **error);

/* Adds to a file, which is made if need be, and syncs it. What fails may leave
 * a part of it there. */
gboolean act_output_append (
    const char *filename, const void *data, gsize size, GError **error);

/* A GError from errno: ACT_ERROR_NO_SPACE, _OPEN_READ or _OPEN_WRITE. */
void act_set_errno_error (GError **error, int errnum, gboolean writing,
    const char *format, ...) G_GNUC_PRINTF (4, 5);
