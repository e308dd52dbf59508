/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* actdashboardsink with records made by hand: a run of four samples of three
 * positions, two clusters of four components, and what came of it. */
#pragma once

#include <gst/activations/activations.h>
#include <gst/check/gstcheck.h>

#include "formats/npy.h"

#define N_CTX 3
#define N_SAMPLES 4
/* of a record that is its cluster's, or component's, only one */
#define WHOLE (GST_ACT_RECORD_FIRST | GST_ACT_RECORD_LAST)

typedef struct {
  gchar *dir;
  gchar *location;
  GstElement *sink;
  GstPad *src;
  GstBus *bus;
} Fixture;

/* of the samples */
extern const gint32 tokens[N_SAMPLES * N_CTX];

void push_event (Fixture *f, GstEvent *event);
/* stream-start, caps, segment */
void begin_stream (Fixture *f);
void push_vocabulary (Fixture *f);
void push_assignment (Fixture *f);
void fixture_link (Fixture *f, const gchar *properties);
void fixture_init (Fixture *f, const gchar *properties);
void fixture_start (Fixture *f);
/* as a source that starts again: its pad has no sticky events */
void fixture_restart (Fixture *f);
/* everything up to the records */
void fixture_begin (Fixture *f, const gchar *properties);
guint count_files (const gchar *folder);
void fixture_clear (Fixture *f);
/* after a run that must leave nothing, not even a temporary folder */
void fixture_clear_empty (Fixture *f);
void set_block (
    GstBuffer *buffer, GstActRecordBlock block, gconstpointer data, gsize size);
/* rows first .. first + n of all samples, whose indices begin at 100 */
GstBuffer *samples_record (guint first, guint n, const gint32 *ids);
/* cluster 0: rows of samples 100, 101 in two records. In sample 100 position
 * 1 is 0.75, in 101 positions 0 and 2 are 1 and 0.25. */
GstBuffer *rows_record (guint row);
/* a cluster that stored nothing */
GstBuffer *silent_record (guint cluster);
void push (Fixture *f, GstBuffer *buffer);
void push_refused (Fixture *f, GstBuffer *buffer);
void push_all (Fixture *f);
void finish (Fixture *f, guint64 n_samples);
void assert_no_message (Fixture *f);
void assert_output_of (Fixture *f, guint n_files);
void assert_output (Fixture *f);
/* exactly one message, an error of one line that names what is expected */
void assert_error (Fixture *f, const gchar *text);
void assert_warning (Fixture *f, const gchar *text);
gchar *contents (Fixture *f, const gchar *name);
ActNpy *member (Fixture *f, const gchar *zip, const gchar *name);
/* one row: of sample 101, 0.75 at position 1 */
GstBuffer *component_record_of (
    guint cluster, gint member, GstActRecordFlags flags, gfloat value);
GstBuffer *component_record (
    guint cluster, gint member, GstActRecordFlags flags);
GstBuffer *silent_component_record (guint cluster, gint member);
