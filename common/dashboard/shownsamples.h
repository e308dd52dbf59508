/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/texts.h"
#include "dashboard/rows.h"

/* samples.npz: the samples that are shown of each cluster, with their own
 * activations, unrounded. A row is a sample of a line (a cluster that has one);
 * a line's rows ascend by sample. Lists (one a criterion, then one more of
 * random samples) name rows in their own order. docs/formats.md has the
 * arrays. */
typedef struct _ActShownSamples ActShownSamples;

ActShownSamples *act_shown_samples_new (
    const char *folder, guint n_ctx, guint n_lists, GError **error);
void act_shown_samples_free (ActShownSamples *shown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActShownSamples, act_shown_samples_free)

/* The next line. lists [n_lists][n_listed[i]] name rows of `rows`; row_of says
 * which samples of the texts these are. Their texts are marked. */
gboolean act_shown_samples_add (ActShownSamples *shown, const ActRows *rows,
    const gsize *const *lists, const gsize *n_listed, ActTexts *texts,
    const gsize *row_of, GError **error);

/* of the last line: its samples' indices in the run, ascending */
const guint64 *act_shown_samples_get_last (
    const ActShownSamples *shown, gsize *n_samples);
/* the same as rows (gsize) of what was added */
const GArray *act_shown_samples_get_last_rows (const ActShownSamples *shown);
/* which of these, from 0, a list's i-th is; and the line's first row */
gsize act_shown_samples_get_listed (
    const ActShownSamples *shown, guint list, gsize i);
guint64 act_shown_samples_get_first (const ActShownSamples *shown);

/* texts: written by now, so that they have lines */
gboolean act_shown_samples_finish (ActShownSamples *shown,
    const ActTexts *texts, const gint *cancelled, GError **error);
