/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outcome.h"

#include <string.h>

#include "steptimes.h"
#include "units.h"

static void
print_field (const char *name, const char *text)
{
  g_print ("%-12s %s\n", name, text);
}

/* "samples 1,200, positions 153,600" */
static char *
join_counts (const GstStructure *s)
{
  GString *out = g_string_new (NULL);

  for (gint i = 0; i < gst_structure_n_fields (s); i++) {
    const char *name = gst_structure_nth_field_name (s, i);
    const GValue *value = gst_structure_get_value (s, name);
    g_autofree char *text = NULL;
    g_auto (GStrv) words = g_strsplit (name, "-", -1);
    g_autofree char *spoken = g_strjoinv (" ", words);

    if (G_VALUE_HOLDS_UINT64 (value))
      text = act_units_count (g_value_get_uint64 (value));
    else if (G_VALUE_HOLDS_STRING (value))
      text = g_value_dup_string (value);
    else
      text = gst_value_serialize (value);
    g_string_append_printf (
        out, "%s%s %s", out->len > 0 ? ", " : "", spoken, text ? text : "?");
  }
  return g_string_free (out, FALSE);
}

/* what elements said they did: "act-summary" of a store, and the like */
static gboolean
print_counts (const ActOutcome *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->notes->len; i++) {
    const GstStructure *s = g_ptr_array_index (self->notes, i);
    g_autofree char *title =
        g_strdup (gst_structure_get_name (s) + strlen ("act-"));
    g_autofree char *text = NULL;

    if (act_note_is_output (s))
      continue;
    title[0] = g_ascii_toupper (title[0]);
    text = join_counts (s);
    print_field (title, text);
    any = TRUE;
  }
  return any;
}

static void
print_outputs (const ActOutcome *self)
{
  for (guint i = 0; i < self->notes->len; i++) {
    const GstStructure *s = g_ptr_array_index (self->notes, i);
    const char *location = gst_structure_get_string (s, "location");

    if (act_note_is_output (s) && location != NULL)
      print_field ("Output", location);
  }
}

static void
print_time (const ActOutcome *self)
{
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *text = NULL, *rate = NULL;

  g_ascii_formatd (seconds, sizeof seconds, "%.2f", self->seconds);
  if (self->n_samples > 0 && self->seconds > 0)
    rate = act_units_rate (self->n_samples / self->seconds);
  text = g_strdup_printf (
      "%s s%s%s", seconds, rate ? ", samples at " : "", rate ? rate : "");
  print_field ("Time", text);
}

static void
print_steps (const GArray *steps)
{
  gint64 total = 0;

  for (guint i = 0; i < steps->len; i++)
    total += g_array_index (steps, ActStep, i).cpu_ns;
  g_print (
      "%-24s %9s %10s %10s %6s\n", "Step", "buffers", "wall s", "CPU s", "CPU");
  for (guint i = 0; i < steps->len; i++) {
    const ActStep *step = &g_array_index (steps, ActStep, i);
    char wall[G_ASCII_DTOSTR_BUF_SIZE], cpu[G_ASCII_DTOSTR_BUF_SIZE];
    g_autofree char *buffers = act_units_count (step->n_buffers);

    g_ascii_formatd (wall, sizeof wall, "%.3f", step->wall_ns / 1e9);
    g_ascii_formatd (cpu, sizeof cpu, "%.3f", step->cpu_ns / 1e9);
    g_print ("  %-22s %9s %10s %10s %5d%%\n", step->element, buffers, wall, cpu,
        total > 0 ? (int) (100.0 * step->cpu_ns / total + 0.5) : 0);
  }
}

void
act_outcome_print (const ActOutcome *self)
{
  if (!print_counts (self) && self->n_samples > 0) {
    g_autofree char *count = act_units_count (self->n_samples);

    print_field ("Samples", count);
  }
  print_time (self);
  if (self->steps != NULL)
    print_steps (self->steps);
  print_outputs (self);
}
