/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The descriptions that come with the program: those of the folder in
 * GST_ACTIVATIONS_PIPELINES, or else the installed ones. */

/* a description's file: name as it is, or one of the folder's, with or
 * without ".pipeline" */
char *act_pipelines_find (const char *name, GError **error);

/* a line each: name and title */
char *act_pipelines_list (GError **error);
