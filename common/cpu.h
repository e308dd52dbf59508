/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* GST_ACTIVATIONS_CPU names no instruction set there is: a message, once in a
 * process, whoever asks. used: what is taken in its place. */
void act_cpu_report_unknown (const char *forced, const char *used);
