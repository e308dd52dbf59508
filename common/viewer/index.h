/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/coactive.h"
#include "dashboard/texts.h"

/* index-NNN.js: what the page's table, filters and map need of all clusters, a
 * list a column, and the strings of the tokens in it. A file ends at about
 * 1 MB of JSON; the members of a cluster that has very many go on in the files
 * behind. Written line by line; in memory is one file's. */
typedef struct _ActViewerIndex ActViewerIndex;

#define ACT_INDEX_TOKENS 5
#define ACT_INDEX_NEAR 10

/* of a line, without its lists */
typedef struct {
  guint64 n_samples;
  double position_rate;
  double sample_rate;
  double max;
  double mean;
  double low; /* ends of the histogram of all activations */
  double high;
  double entropy;
  double concentration;
  guint n_members;
  guint n_bins;
  guint n_top_tokens;
  guint n_common_tokens;
  guint32 top_tokens[ACT_INDEX_TOKENS];    /* by lift */
  guint32 common_tokens[ACT_INDEX_TOKENS]; /* by count */
} ActIndexEntry;

/* strings: the caller's */
ActViewerIndex *act_viewer_index_new (
    const char *folder, const ActStrings *strings);
void act_viewer_index_free (ActViewerIndex *index);

/* the next line: its name, its file of details, members [n_members], bins
 * [n_bins], and who is active with it */
gboolean act_viewer_index_add (ActViewerIndex *index,
    const ActIndexEntry *entry, const char *name, guint chunk,
    const guint32 *members, const guint64 *bins, const ActCoactiveTable *table,
    const gint32 *line_of, GError **error);
gboolean act_viewer_index_finish (ActViewerIndex *index, GError **error);

guint act_viewer_index_get_n_parts (const ActViewerIndex *index);
