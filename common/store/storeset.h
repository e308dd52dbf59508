/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/manifest.h"

/* Stores of the same run, read as one: the batches of all in order, whatever
 * the order of the folders. */
typedef struct _ActStoreSet ActStoreSet;

/* What the stores have to be together. */
typedef enum {
  ACT_STORE_SET_WHOLE, /* one whole run */
  ACT_STORE_SET_PART,  /* a contiguous part of one, which merges on */
  /* whatever is there, as if it were all: batches and samples are counted from
   * 0 without gaps */
  ACT_STORE_SET_ANY,
} ActStoreSetUse;

/* Errors: manifests that do not agree, with what differs; batches that are
 * missing, in two stores, or not yet stored, with their ranges. lacks, unless
 * it is NULL: whether the error is that something is missing. */
ActStoreSet *act_store_set_open (const char *const *folders, guint n_folders,
    ActStoreSetUse use, gboolean *lacks, GError **error);
void act_store_set_free (ActStoreSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStoreSet, act_store_set_free)

const ActIdentity *act_store_set_get_identity (const ActStoreSet *set);
gboolean act_store_set_get_clusters_stored (const ActStoreSet *set);
/* the first store's folder: clusters.json and vocabulary.json are there */
const char *act_store_set_get_folder (const ActStoreSet *set);

/* what of the run is not there, in words; NULL if nothing is */
const char *act_store_set_get_missing (const ActStoreSet *set);
/* The ends of the run that the stores have, and how long it is. */
typedef struct {
  gboolean has_first, has_last;
  guint64 batches, samples; /* of the whole run */
} ActStoreSetPlace;
ActStoreSetPlace act_store_set_get_place (const ActStoreSet *set);

guint64 act_store_set_get_n_batches (const ActStoreSet *set);
guint64 act_store_set_get_n_samples (const ActStoreSet *set);
/* nonzeros of the components */
guint64 act_store_set_get_n_values (const ActStoreSet *set);
/* of the first batch and sample; 0 where there are none */
guint64 act_store_set_get_first_batch (const ActStoreSet *set);
guint64 act_store_set_get_first_sample (const ActStoreSet *set);

/* The i-th batch of all, from 0, valid until the next call. Each segment's
 * checksum is looked at before its first batch comes. */
gboolean act_store_set_get (
    ActStoreSet *set, guint64 i, ActStoredBatch *batch, GError **error);
/* The first sample of the i-th batch; of the one after the last, the end. */
guint64 act_store_set_first_sample (ActStoreSet *set, guint64 i);
