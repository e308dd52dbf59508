/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <store/manifest.h>

/* What a store's manifest says, for people and for programs. */

typedef struct {
  char *folder;
  ActManifest *manifest;
} ActStoreInfo;

/* An error names the folder: it does not exist, or is no store. */
ActStoreInfo *act_store_info_new (const char *folder, GError **error);
void act_store_info_free (ActStoreInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStoreInfo, act_store_info_free)

/* a line each, under one with names */
char *act_store_info_table (const GPtrArray *infos);
/* a list of objects */
char *act_store_info_json (const GPtrArray *infos);

/* Looks at every segment: size, checksum, contents, and whether they add up.
 * Calls on_fault for each fault; their number is the result. */
typedef void (*ActStoreFault) (const GError *error, gpointer user_data);
guint act_store_info_verify (
    const ActStoreInfo *info, ActStoreFault on_fault, gpointer user_data);

/* Whether a segment's file is there, as long as it was when it was written; of
 * all of them, the error names the first that is not. Nothing is read. */
gboolean act_store_info_check_file (
    const ActStoreInfo *info, const ActSegmentFile *file, GError **error);
gboolean act_store_info_check_files (const ActStoreInfo *info, GError **error);

/* Whether an error says that a file is there in one piece and is not what it
 * should be, not that it could just not be read. */
gboolean act_store_is_damage (const GError *error);
/* appends "; what to do" to the message */
void act_store_add_remedy (GError *error, const char *remedy);
