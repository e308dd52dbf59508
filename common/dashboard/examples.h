/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/statistics.h"

/* activations.npz and activations_map.json: the rows that criteria refer to,
 * as float16, and which row is whose. */
typedef struct _ActExamples ActExamples;

/* max_memory: of 8 bytes a text; folder: for the output, and for what is more
 */
ActExamples *act_examples_new (
    const char *folder, guint n_ctx, gsize max_memory, GError **error);
void act_examples_free (ActExamples *examples);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActExamples, act_examples_free)

/* The rows of one cluster that statistics->top names, by text: in order of
 * the text's first row, with the activations of its last. All texts are
 * known. */
gboolean act_examples_add (ActExamples *examples, const char *cluster,
    const ActRows *rows, const ActStatistics *statistics, const ActTexts *texts,
    const gsize *row_of, GError **error);
guint64 act_examples_get_n (const ActExamples *examples);
gboolean act_examples_finish (
    ActExamples *examples, const gint *cancelled, GError **error);
