/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/rows.h"

/* What the page draws of a line's shown samples: the cluster's activations and
 * those of its members there, quantized, as JSON. A row is [[positions],
 * [numbers]], and a number value / scale * 255, rounded to the nearest (halves
 * away from 0), but never 0. Values wait as they are until the largest is
 * known; many of them in a file. */
typedef struct _ActViewerShown ActViewerShown;

ActViewerShown *act_viewer_shown_new (const char *folder);
void act_viewer_shown_free (ActViewerShown *shown);

/* The next line: picked [n_shown] of the rows, of these samples (the caller's
 * until it ends), ascending. */
gboolean act_viewer_shown_begin (ActViewerShown *shown, const ActRows *rows,
    const gsize *picked, const guint64 *samples, gsize n_shown, GError **error);

/* counts [n_members, n_members]; NULL: none. Of very many members they are not
 * kept. */
void act_viewer_shown_add_coactivations (
    ActViewerShown *shown, const gint64 *counts, guint n_members);
/* its members, one after another; rows as of act_dashboard_add_rows () */
gboolean act_viewer_shown_add_member_rows (ActViewerShown *shown, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error);
gboolean act_viewer_shown_end_member (
    ActViewerShown *shown, double mass, GError **error);

/* members that came */
guint act_viewer_shown_get_n_members (const ActViewerShown *shown);
/* about how long the JSON gets; kept [n_kept] as below */
guint64 act_viewer_shown_get_size (
    const ActViewerShown *shown, const guint *kept, guint n_kept);
/* the n members of most mass, among equals the first, ascending */
void act_viewer_shown_pick_members (
    const ActViewerShown *shown, guint n, guint *picked);

/* "scale", "activations", "peak" and "peak_position": the cluster's own */
void act_viewer_shown_write_own (const ActViewerShown *shown, GString *out);
/* these, "member_scale", "members" and "coactivations". kept [n_kept]: the
 * members that have details, ascending; NULL: all. Others are null, or left
 * out. */
void act_viewer_shown_write (const ActViewerShown *shown, GString *out,
    const guint *kept, guint n_kept, gboolean leave_out);
