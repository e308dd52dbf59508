/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* A description may choose the reduction of clusters by a part of an element's
 * name, actclusterNAME. An error that lists those that there are, unless each
 * word that begins so is an element. */
gboolean act_reductions_check (const char *const *words, GError **error);
