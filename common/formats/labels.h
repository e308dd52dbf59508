/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Labels of the columns of a dump, "module:index" each. Modules go in order
 * of first appearance; a module has as many components as its largest index
 * says. Where the labels are fewer than that, the missing columns are dead. */

typedef struct {
  guint n_modules;
  char **modules;      /* NULL-terminated */
  guint *components;   /* of each module */
  guint n_components;  /* sum of these: columns of the model */
  guint n_labels;      /* columns of the dump */
  guint *columns;      /* of each label, in the model's numbering */
  guint *label_module; /* of each label */
  guint *by_module;    /* labels, those of the first module first.. */
  guint *module_start; /* [n_modules + 1] in by_module */
  gboolean identity;   /* labels are all columns, in order */
} ActLabels;

/* text: a label a line; name is for messages */
ActLabels *act_labels_parse (
    const char *text, gsize length, const char *name, GError **error);
ActLabels *act_labels_new_full (
    guint n_modules, const char *const *modules, const guint *components);
void act_labels_free (ActLabels *labels);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActLabels, act_labels_free)

/* the text that gives these back; (transfer full) */
char *act_labels_to_text (
    guint n_modules, const char *const *modules, const guint *components);
char *act_labels_dup_label (const ActLabels *labels, guint label);

/* one byte a column, 0 where no label says it; NULL when all are there */
GBytes *act_labels_dup_alive (const ActLabels *labels);
