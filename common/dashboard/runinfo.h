/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* run_info.json: what differs between equal runs. Names of files may hold any
 * bytes; they are written as they would be shown. */
typedef struct {
  GDateTime *date;
  const char *title; /* or NULL */
  const char *location;
  const char *vocabulary; /* file, or NULL where it came with the stream */
  const char *engine;     /* GStreamer's version */
  double waiting_seconds; /* until the first record came */
  double samples_seconds; /* reading tokens, making texts */
  double clusters_seconds;
  double finish_seconds;
} ActRunInfo;

gboolean act_run_info_write (
    const char *filename, const ActRunInfo *info, GError **error);
