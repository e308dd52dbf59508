/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Appends a line of clusters.jsonl or cluster_facts.jsonl to out, of each list
 * the first `most` items, and with neighbouring bins of its histograms joined
 * where these have more than ACT_PAGE_BINS. Lists of components, modules and
 * layers stay whole. The text is our own, so it is not checked. */
void act_trim_lists (const char *json, gsize length, guint most, GString *out);
