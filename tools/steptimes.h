/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* How long each element of a pipeline was at work, by GStreamer's tracing
 * hooks: a thread's time belongs to the element whose code it is in, from the
 * push into it to the push out of it. Waiting (a full queue) counts as wall
 * time of the element that waits, not as CPU time. An element that starts
 * threads itself says what they used in a property "worker-cpu-time", as
 * actforward does; what other threads use (a BLAS's) is in no CPU time. */
typedef struct _ActStepTimes ActStepTimes;

typedef struct {
  const char *element;
  const char *factory;
  const char *plugin; /* may be NULL */
  guint64 n_buffers;  /* that it was given, or that it pushed if a source */
  guint64 n_samples;  /* in those of them that are batches */
  gint64 wall_ns;
  gint64 cpu_ns;
} ActStep;

ActStepTimes *act_step_times_new (GstElement *pipeline);
/* of ActStep, in the order of flow; call when the pipeline has ended */
GArray *act_step_times_get_steps (const ActStepTimes *times);
guint64 act_step_times_get_n_samples (const ActStepTimes *times);
void act_step_times_free (ActStepTimes *times);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActStepTimes, act_step_times_free)
