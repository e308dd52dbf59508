/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

#include "outcome.h"

/* Plays a pipeline until its end, its first error or a signal, and leaves it
 * in state NULL: what it had open is closed, what it had half-written gone. */
void act_run (GstElement *pipeline, gboolean quiet, ActOutcome *outcome);
