/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "problem.h"

/* Finds the plugins of an installation in a prefix of its own; what the
 * environment gives comes first. */
void act_launch_add_plugins (void);

/* whether the values of properties are such as their elements take */
gboolean act_launch_check (const char *const *words, GError **error);

/* a pipeline of the launch line that words make, in state NULL; NULL and a
 * problem if an element, a property or a link is not possible */
GstElement *act_launch_build (const char *const *words, ActProblem **problem);

/* the words as one line for a shell, to follow gst-launch-1.0 */
char *act_launch_shell_line (const char *const *words);
