/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/heat.h"

#include <stdlib.h>

#include "dashboard/topitems.h"
#include "viewer/datafile.h"
#include "viewer/numbers.h"

#define MAX_LINES 128

typedef struct {
  gint64 own; /* positions at which it is above 0 */
  guint32 line;
} Line;

static int
compare_own (const void *a, const void *b)
{
  const Line *x = a, *y = b;

  if (x->own != y->own)
    return x->own > y->own ? -1 : 1;
  return x->line < y->line ? -1 : x->line > y->line;
}

static int
compare_lines (const void *a, const void *b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

/* the most active lines, ascending; -> how many */
static guint
pick_lines (const ActCoactive *coactive, const guint *clusters, guint n_lines,
    guint32 *picked)
{
  g_autofree Line *lines = g_new (Line, (gsize) n_lines + 1);
  guint n;

  for (guint i = 0; i < n_lines; i++)
    lines[i] = (Line){ act_coactive_get_own (coactive, clusters[i]), i };
  n = act_top_items (lines, n_lines, sizeof *lines, MAX_LINES, compare_own);
  for (guint i = 0; i < n; i++)
    picked[i] = lines[i].line;
  qsort (picked, n, sizeof *picked, compare_lines);
  return n;
}

gboolean
act_viewer_heat_write (const char *folder, ActCoactive *coactive,
    const guint *clusters, guint n_lines, GError **error)
{
  guint32 lines[MAX_LINES] = { 0 };
  guint chosen[MAX_LINES], n = pick_lines (coactive, clusters, n_lines, lines);
  guint64 counts[MAX_LINES];
  g_autoptr (GString) text = g_string_new ("{\"lines\":");

  act_append_u32_list (text, lines, n);
  g_string_append (text, ",\"counts\":[");
  for (guint i = 0; i < n; i++)
    chosen[i] = clusters[lines[i]];
  for (guint i = 0; i < n; i++) {
    if (!act_coactive_get_counts (
            coactive, chosen[i], chosen, n, counts, error))
      return FALSE;
    if (i > 0)
      g_string_append_c (text, ',');
    act_append_u64_list (text, counts, n);
  }
  g_string_append (text, "]}");
  return act_data_file_write (folder, "heat", text->str, text->len, error);
}
