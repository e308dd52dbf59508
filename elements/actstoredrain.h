/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/activations.h>

#include "actstore.h"
#include "store/folder.h"
#include "store/store.h"

/* What the files of actstore share. */

/* an act-complete event */
typedef struct {
  gboolean announced;
  guint64 n_samples;
  guint shard_index;
  guint shard_count;
  guint64 first_batch;
  guint64 run_batches;
  guint64 run_samples;
} GstActComplete;

typedef enum {
  GST_ACT_STORE_ACTIVE_BATCHES,
  GST_ACT_STORE_ALL_SAMPLES,
} GstActStoreSampleScope;

struct _GstActStore {
  GstElement parent;

  GstPad *sink_pad;
  guint next_pad;

  gboolean component_records;
  gint sample_scope; /* GstActStoreSampleScope */
  guint max_record_size;
  guint progress_interval;
  gchar *location; /* NULL: nothing stays */
  guint segment_size;
  guint64 max_memory;
  gboolean repair;
  gchar *lease; /* file by which the folder is held, or NULL */

  /* lock guards these; cond tells that one of them changed */
  GMutex lock;
  GCond cond;
  gboolean flushing; /* between FLUSH_START and FLUSH_STOP */
  gboolean stopping; /* from PAUSED to READY on */
  gboolean playing;
  gboolean eos_posted;
  guint32 eos_seqnum;
  guint64 position;               /* one past the last sample that came */
  guint asked_index, asked_count; /* who asks what is stored; 0 of 0: nobody */

  /* folder_lock guards these as long as a query may come */
  GMutex folder_lock;
  ActStoreFolder *folder; /* its manifest until the run begins in it */
  GArray *stored;         /* GstActBatchRange: in it when the run began; NULL
                           * until somebody needs to know */
  GArray *digests;        /* guint64, of the tokens of each batch there */

  /* streaming thread only */
  GstActInfo *info;
  GstCaps *record_caps;
  GstEvent *vocabulary;
  GstEvent *assignment_event;
  GstActAssignment *assignment;
  ActStore *store;          /* NULL until the first batch */
  ActBatchStorage *storage; /* the store's */
  gboolean derives;         /* the storage makes the clusters itself */
  gboolean can_derive;      /* it could, where that is cheaper */
  GstActComplete total;     /* what the source announced */
  gboolean failed;          /* a batch was refused: this becomes no run */
  gboolean ended;
  guint run; /* counts streams; a pad whose events are of this one is ready */
  gint64 last_progress;
};

/* Whether a flush or a change to READY has begun; data: the element. */
gboolean gst_act_store_cancelled (gpointer data);

gboolean gst_act_store_progress_is_due (GstActStore *self);
void gst_act_store_post_progress (
    GstActStore *self, const gchar *unit, guint64 done, guint64 total);

/* Takes event; every source pad gets what it needs before. */
void gst_act_store_push_event (GstActStore *self, GstEvent *event);
void gst_act_store_push_sticky (GstActStore *self, GstEvent *event);

/* All that the pads are to get before EOS. FALSE: not even that. */
gboolean gst_act_store_drain_all (GstActStore *self);
