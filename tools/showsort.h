/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One of the orders that --sort names. */
typedef struct {
  const char *key;
  GCompareFunc compare;
  const char *order; /* in words */
} ActShowSort;

/* key NULL: the first. of: what the order is of, for the error, or "". */
const ActShowSort *act_show_find_sort (const ActShowSort *sorts, guint n_sorts,
    const char *key, const char *of, GError **error);
