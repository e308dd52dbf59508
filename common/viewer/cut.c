/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/cut.h"

#include <string.h>

#include "viewer/bins.h"
#include "viewer/trim.h"

/* lists have so many items, or half of it, and so on */
#define MOST_ITEMS 4096u
#define LEAST_ITEMS 16u

gboolean
act_cut_shows_all (const ActCut *cut)
{
  return cut->n_top_shown == cut->n_top && cut->n_random_shown == cut->n_random;
}

char *
act_cut_describe (const ActCut *cut)
{
  g_autoptr (GString) words = g_string_new (NULL);

  if (!act_cut_shows_all (cut))
    g_string_append_printf (words,
        "of %u samples of each criterion the first %u are shown, of %u random"
        " ones %u; ",
        cut->n_top, cut->n_top_shown, cut->n_random, cut->n_random_shown);
  if (cut->n_items > 0)
    g_string_append_printf (
        words, "of lists only the first %u items are here; ", cut->n_items);
  if (cut->n_kept > 0)
    g_string_append_printf (words, "of %u components only the %s%u %s; ",
        cut->n_members, cut->no_masses ? "first " : "", cut->n_kept,
        cut->no_masses      ? "are listed"
            : cut->left_out ? "of most mass are listed"
                            : "of most mass have details");
  if (words->len == 0)
    return NULL;
  g_string_truncate (words, words->len - strlen ("; "));
  return g_string_free (g_steal_pointer (&words), FALSE);
}

static gsize
trim_to (const ActDetailLine *line, guint most, GString *const *buffers)
{
  g_string_truncate (buffers[0], 0);
  g_string_truncate (buffers[1], 0);
  act_trim_lists (line->line, line->line_length, most, buffers[0]);
  act_trim_lists (line->facts, line->facts_length, most, buffers[1]);
  return buffers[0]->len + buffers[1]->len;
}

guint
act_cut_facts (ActDetailLine *line, guint n_bins, GString *const *buffers)
{
  guint most = G_MAXUINT;

  if (n_bins <= ACT_PAGE_BINS
      && line->line_length + line->facts_length <= ACT_MAX_FACTS)
    return 0;
  if (trim_to (line, most, buffers) > ACT_MAX_FACTS)
    for (most = MOST_ITEMS;
         trim_to (line, most, buffers) > ACT_MAX_FACTS && most > LEAST_ITEMS;
         most /= 2)
      ;
  line->line = buffers[0]->str;
  line->line_length = buffers[0]->len;
  line->facts = buffers[1]->str;
  line->facts_length = buffers[1]->len;
  return most == G_MAXUINT ? 0 : most;
}
