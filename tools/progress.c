/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gst/activations/activations.h>

#include "units.h"

#define LINE_INTERVAL_US (10 * G_USEC_PER_SEC)
#define MAX_BAR 40

struct _ActProgress {
  GstElement *pipeline;
  ActProgressMode mode;
  gboolean terminal;
  gboolean shown;

  /* the stage that is under way: an element and what it counts */
  char *element;
  guint rank; /* of the element, as rank_of () has it */
  char *unit;
  guint64 done, total; /* total 0: not known */
  guint64 first_done;
  gint64 since;
  gint64 updated;

  /* how many samples there are, and which element says so */
  char *counting;
  guint counting_rank;
  guint64 n_samples; /* 0: not known */
  gboolean estimate;

  gboolean have_messages;
  gint64 last_line;
};

static gboolean
is_terminal (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDERR_FILENO) && term != NULL && *term != '\0'
      && !g_str_equal (term, "dumb");
}

ActProgress *
act_progress_new (GstElement *pipeline, ActProgressMode mode)
{
  ActProgress *self = g_new0 (ActProgress, 1);

  self->pipeline = gst_object_ref (pipeline);
  self->mode = mode;
  self->terminal = is_terminal ();
  return self;
}

void
act_progress_free (ActProgress *self)
{
  act_progress_clear (self);
  gst_object_unref (self->pipeline);
  g_free (self->element);
  g_free (self->counting);
  g_free (self->unit);
  g_free (self);
}

/* 0 is a sink, larger is further upstream; elements that are not in the
 * pipeline itself have the rank of the bin that holds them */
static guint
rank_of (const ActProgress *self, GstObject *element)
{
  g_autoptr (GstIterator) sorted = NULL;
  g_auto (GValue) item = G_VALUE_INIT;
  gboolean found = FALSE;
  guint rank = 0;

  if (!GST_IS_BIN (self->pipeline))
    return 0;
  sorted = gst_bin_iterate_sorted (GST_BIN (self->pipeline));
  while (!found && gst_iterator_next (sorted, &item) == GST_ITERATOR_OK) {
    GstObject *object = g_value_get_object (&item);

    found = object == element || gst_object_has_as_ancestor (element, object);
    rank += found ? 0 : 1;
    g_value_reset (&item);
  }
  return rank;
}

/* Whoever is furthest upstream knows best: those behind ask for a duration,
 * which does not say where a shard begins, nor that it is an estimate. */
static void
note_samples (ActProgress *self, GstMessage *message, guint rank, guint64 total)
{
  const char *name = GST_MESSAGE_SRC_NAME (message);

  if (self->counting != NULL && !g_str_equal (self->counting, name)
      && rank <= self->counting_rank)
    return;
  g_free (self->counting);
  self->counting = g_strdup (name);
  self->counting_rank = rank;
  self->n_samples = total;
  self->estimate = gst_act_message_progress_is_estimate (message);
}

static gboolean
is_estimate (const ActProgress *self)
{
  return self->estimate && g_str_equal (self->unit, "samples");
}

static void
set_stage (ActProgress *self, const char *element, guint rank, const char *unit,
    guint64 done, guint64 total)
{
  gint64 now = g_get_monotonic_time ();

  if (g_strcmp0 (self->element, element) != 0
      || g_strcmp0 (self->unit, unit) != 0 || done < self->done) {
    g_free (self->element);
    g_free (self->unit);
    self->element = g_strdup (element);
    self->rank = rank;
    self->unit = g_strdup (unit);
    self->first_done = done;
    self->since = now;
  }
  self->done = done;
  self->total = total;
  self->updated = now;
}

static gboolean
is_through (const ActProgress *self)
{
  return self->total > 0 && self->done >= self->total && !is_estimate (self)
      && g_get_monotonic_time () - self->updated >= G_USEC_PER_SEC;
}

/* Sources run ahead of what is done, by what waits in queues. So the element
 * furthest downstream is shown; another only once that is through. */
void
act_progress_handle_message (ActProgress *self, GstMessage *message)
{
  const char *unit;
  guint64 done, total;
  guint rank;

  if (!gst_act_message_parse_progress (message, &unit, &done, &total))
    return;
  self->have_messages = TRUE;
  rank = rank_of (self, GST_MESSAGE_SRC (message));
  if (g_str_equal (unit, "samples")) {
    note_samples (self, message, rank, total);
    total = self->n_samples > 0 ? self->n_samples : total;
  }
  if (self->element != NULL
      && g_strcmp0 (self->element, GST_MESSAGE_SRC_NAME (message)) != 0
      && rank >= self->rank && !is_through (self))
    return;
  set_stage (self, GST_MESSAGE_SRC_NAME (message), rank, unit, done, total);
}

static gboolean
query_format (ActProgress *self, GstFormat format, const char *unit)
{
  gint64 position, duration = 0;

  if (!gst_element_query_position (self->pipeline, format, &position)
      || position < 0)
    return FALSE;
  if (!gst_element_query_duration (self->pipeline, format, &duration)
      || duration < 0)
    duration = 0;
  set_stage (self, "", 0, unit, position, duration);
  return TRUE;
}

/* our sources count samples, files bytes */
static void
query_position (ActProgress *self)
{
  if (!query_format (self, GST_FORMAT_DEFAULT, "samples"))
    query_format (self, GST_FORMAT_BYTES, "bytes");
}

static double
rate_of (const ActProgress *self)
{
  double seconds = (self->updated - self->since) / (double) G_USEC_PER_SEC;

  return seconds > 0.1 ? (self->done - self->first_done) / seconds : 0;
}

/* "samples 1,200 of about 4,000, 300/s, 0:09 left" */
static char *
describe (const ActProgress *self)
{
  GString *out = g_string_new (self->unit);
  g_autofree char *done = act_units_count (self->done);
  double rate = rate_of (self);

  g_string_append_printf (out, " %s", done);
  if (self->total > 0) {
    g_autofree char *total = act_units_count (self->total);

    g_string_append_printf (
        out, " of %s%s", is_estimate (self) ? "about " : "", total);
  }
  if (rate > 0) {
    g_autofree char *text = act_units_rate (rate);

    g_string_append_printf (out, ", %s", text);
  }
  if (rate > 0 && self->total >= self->done) {
    g_autofree char *left =
        act_units_duration ((self->total - self->done) / rate);

    g_string_append_printf (out, ", %s left", left);
  }
  return g_string_free (out, FALSE);
}

static guint
terminal_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

static void
draw_bar (ActProgress *self)
{
  g_autofree char *text = describe (self);
  guint width = terminal_width ();
  GString *line = g_string_new ("\r");

  if (self->total > 0 && width > strlen (text) + 16) {
    double share = MIN (1.0, self->done / (double) self->total);
    guint cells = MIN (MAX_BAR, width - strlen (text) - 10);
    guint full = share * cells;

    g_string_append_c (line, '[');
    for (guint i = 0; i < cells; i++)
      g_string_append_c (line, i < full ? '#' : '.');
    g_string_append_printf (line, "] %3d%% ", (int) (share * 100));
  }
  g_string_append_printf (line, "%.*s\033[K", (int) MAX (width, 2) - 1, text);
  fputs (line->str, stderr);
  fflush (stderr);
  self->shown = TRUE;
  g_string_free (line, TRUE);
}

static void
print_line (ActProgress *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *text = NULL;

  if (self->last_line != 0 && now - self->last_line < LINE_INTERVAL_US)
    return;
  self->last_line = now;
  text = describe (self);
  g_printerr ("%s\n", text);
}

void
act_progress_tick (ActProgress *self)
{
  if (self->mode == ACT_PROGRESS_NONE)
    return;
  if (!self->have_messages)
    query_position (self);
  if (self->unit == NULL)
    return;
  if (self->terminal)
    draw_bar (self);
  else
    print_line (self);
}

void
act_progress_clear (ActProgress *self)
{
  if (!self->shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  self->shown = FALSE;
}
