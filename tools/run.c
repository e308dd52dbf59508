/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

#include <signal.h>

#include <glib-unix.h>

#include "progress.h"
#include "steptimes.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };

typedef struct {
  GstElement *pipeline;
  GMainLoop *loop;
  ActProgress *progress;
  ActOutcome *outcome;
  gboolean incomplete;
  gboolean ended;
} Run;

typedef struct {
  Run *run;
  int number;
  guint source;
} SignalWatch;

static void
end (Run *run, ActResult result)
{
  if (run->ended)
    return;
  run->ended = TRUE;
  run->outcome->result = result;
  g_main_loop_quit (run->loop);
}

/* No EOS: an element may take long to finish, and would then publish. The
 * watch goes, so a second signal kills. */
static gboolean
on_signal (gpointer data)
{
  SignalWatch *watch = data;

  watch->source = 0;
  watch->run->outcome->signal_number = watch->number;
  end (watch->run, ACT_RESULT_INTERRUPTED);
  return G_SOURCE_REMOVE;
}

/* the first error is the cause; what follows is "data stream error" */
static void
on_error (Run *run, GstMessage *message)
{
  if (run->outcome->error == NULL)
    run->outcome->error = act_problem_new_from_message (message);
  end (run, ACT_RESULT_FAILED);
}

/* a sink that did not get the whole run warns of a failed stream, since EOS
 * comes all the same */
static void
on_warning (Run *run, GstMessage *message)
{
  ActProblem *problem = act_problem_new_from_message (message);
  g_autoptr (GError) error = NULL;

  act_progress_clear (run->progress);
  act_problem_print (problem, "warning");
  g_ptr_array_add (run->outcome->warnings, problem);
  gst_message_parse_warning (message, &error, NULL);
  if (g_error_matches (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED))
    run->incomplete = TRUE;
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Run *run = data;
  GstState state;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ERROR:
    on_error (run, message);
    break;
  case GST_MESSAGE_WARNING:
    on_warning (run, message);
    break;
  case GST_MESSAGE_EOS:
    end (run, run->incomplete ? ACT_RESULT_INCOMPLETE : ACT_RESULT_COMPLETE);
    break;
  case GST_MESSAGE_ELEMENT:
    act_progress_handle_message (run->progress, message);
    act_outcome_take_note (run->outcome, message);
    break;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency (GST_BIN (run->pipeline));
    break;
  case GST_MESSAGE_REQUEST_STATE:
    gst_message_parse_request_state (message, &state);
    gst_element_set_state (run->pipeline, state);
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_tick (gpointer data)
{
  act_progress_tick (((Run *) data)->progress);
  return G_SOURCE_CONTINUE;
}

static void
fail_without_message (ActOutcome *outcome, GstBus *bus, const char *text)
{
  g_autoptr (GstMessage) message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);

  outcome->result = ACT_RESULT_FAILED;
  if (outcome->error == NULL && message != NULL)
    outcome->error = act_problem_new_from_message (message);
  else if (outcome->error == NULL)
    outcome->error = act_problem_new (NULL, text, NULL);
}

static void
play (Run *run)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (run->pipeline);
  SignalWatch watches[G_N_ELEMENTS (signals)];
  guint tick;

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++) {
    watches[i] = (SignalWatch){ run, signals[i] };
    watches[i].source = g_unix_signal_add (signals[i], on_signal, &watches[i]);
  }
  if (gst_element_set_state (run->pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE) {
    fail_without_message (run->outcome, bus, "the pipeline did not start");
  } else {
    gst_bus_add_watch (bus, on_message, run);
    tick = g_timeout_add (ACT_PROGRESS_INTERVAL_MS, on_tick, run);
    g_main_loop_run (run->loop);
    g_source_remove (tick);
    gst_bus_remove_watch (bus);
  }
  act_progress_clear (run->progress);
  gst_element_set_state (run->pipeline, GST_STATE_NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (watches[i].source != 0)
      g_source_remove (watches[i].source);
}

void
act_run (GstElement *pipeline, gboolean quiet, ActOutcome *outcome)
{
  g_autoptr (ActStepTimes) times = act_step_times_new (pipeline);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ActProgress) progress = act_progress_new (
      pipeline, quiet ? ACT_PROGRESS_NONE : ACT_PROGRESS_AUTO);
  Run run = { pipeline, loop, progress, outcome };
  gint64 start = g_get_monotonic_time ();

  act_outcome_take_settings (outcome, pipeline);
  play (&run);
  outcome->seconds =
      (g_get_monotonic_time () - start) / (double) G_USEC_PER_SEC;
  outcome->n_samples = act_step_times_get_n_samples (times);
  outcome->steps = act_step_times_get_steps (times);
}
