/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dashboard/dashboard.h"

/* run.js: what the page loads first, how many of all there are, and in how many
 * files. */
typedef struct {
  guint n_lines;
  guint64 n_samples;
  guint n_strings;
  gsize n_texts;
  const char *vocabulary_kind;
  /* files that are read whole */
  guint n_index_parts;
  guint n_vocabulary_parts;
  /* others: what each begins with */
  guint n_texts_files;
  const guint32 *texts_files;
  guint n_search_files;
  const guint32 *search_files;
  /* of components: line and member of each; NULL: none */
  guint n_component_files;
  const guint32 *component_files;
  guint n_companion_files;
  const guint32 *companion_files;
  gboolean has_masses; /* components came */
  double *masses;      /* [n_modules] */
} ActRunFile;

/* model_info: the file, whose content becomes part of it */
gboolean act_run_file_write (const char *folder, const ActRunFile *file,
    const ActDashboardRun *run, const ActCriteria *criteria,
    const char *model_info, GError **error);
