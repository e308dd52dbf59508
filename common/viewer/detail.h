/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"

/* clusters-NNN.js: all that is known of a cluster. A file holds lines that
 * follow each other, about ACT_DETAIL_SIZE bytes of JSON of them, or one line
 * that has more. Token lists are in a file once, however many of its lines show
 * the sample. */
typedef struct _ActViewerDetail ActViewerDetail;

/* what a file's JSON is to be at most; packed that is less than 1 MB */
#define ACT_DETAIL_SIZE ((gsize) 3 << 19)

typedef struct {
  const char *line; /* of clusters.jsonl */
  gsize line_length;
  const char *facts; /* of cluster_facts.jsonl */
  gsize facts_length;
  const char *shown; /* members of an object, as act_viewer_shown_write () */
  gsize shown_length;
  const char *cut; /* what is left out, or NULL */
  guint64 first_row;
  guint n_shown;
  const guint32 *rows;   /* [n_shown] the samples' rows in the texts */
  const guint32 *places; /* [n_shown] of samples.npz, from first_row on; NULL:
                            all of the cluster's */
} ActDetailLine;

ActViewerDetail *act_viewer_detail_new (
    const char *folder, const ActTexts *texts);
void act_viewer_detail_free (ActViewerDetail *detail);

/* The next line; *chunk: its file's number. The page's texts are, by number,
 * shown [n_texts], ascending. */
gboolean act_viewer_detail_add (ActViewerDetail *detail,
    const ActDetailLine *line, const guint32 *shown, gsize n_texts,
    guint *chunk, GError **error);
gboolean act_viewer_detail_finish (ActViewerDetail *detail, GError **error);
