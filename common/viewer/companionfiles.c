/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/companionfiles.h"

#include "viewer/numbers.h"
#include "viewer/texts.h"

/* a file ends at about so much JSON */
#define PART_SIZE ((gsize) 1 << 19)

/* a list a column; what else is said follows from these */
static void
append_ranking (
    GString *out, const char *key, const ActCoactivePair *pairs, gsize n)
{
  static const char *const columns[] = { "line", "count", "own" };
  g_autofree guint64 *numbers = g_new (guint64, n + 1);

  g_string_append_printf (out, ",\"%s\":{", key);
  for (guint c = 0; c < G_N_ELEMENTS (columns); c++) {
    for (gsize i = 0; i < n; i++)
      numbers[i] = c == 0 ? pairs[i].cluster
          : c == 1        ? (guint64) pairs[i].count
                          : (guint64) pairs[i].own;
    g_string_append_printf (out, "%s\"%s\":", c > 0 ? "," : "", columns[c]);
    act_append_u64_list (out, numbers, n);
  }
  g_string_append_c (out, '}');
}

static void
append_component (GString *out, ActCompanions *companions, guint i)
{
  ActCoactiveTable table;
  ActCompanionName name = act_companions_get_name (companions, i);

  act_companions_get (companions, i, &table);
  g_string_append_printf (out,
      "{\"line\":%u,\"member\":%u,\"n_positions\":%" G_GUINT64_FORMAT,
      name.line, name.member, table.own);
  append_ranking (out, "by_jaccard", table.by_jaccard, table.n_by_jaccard);
  append_ranking (out, "by_count", table.by_count, table.n_by_count);
  g_string_append_c (out, '}');
  act_coactive_table_clear (&table);
}

/* which one a file begins with */
static void
note_first (ActCompanions *companions, guint i, GArray *firsts)
{
  ActCompanionName name = act_companions_get_name (companions, i);

  g_array_append_val (firsts, name.line);
  g_array_append_val (firsts, name.member);
}

gboolean
act_companion_files_write (const char *folder, ActCompanions *companions,
    const gint *cancelled, GArray *firsts, GError **error)
{
  guint n = act_companions_get_n (companions);
  g_autoptr (GString) text = g_string_new (NULL);

  act_small_numbers_init ();
  if (!act_companions_prepare (companions, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    if (text->len == 0) {
      note_first (companions, i, firsts);
      g_string_append (text, "{\"components\":[");
    }
    append_component (text, companions, i);
    if (!act_viewer_go_on (cancelled, error))
      return FALSE;
    if (text->len < PART_SIZE && i + 1 < n) {
      g_string_append_c (text, ',');
      continue;
    }
    g_string_append (text, "]}");
    if (!act_viewer_write_part (
            folder, "companions", firsts->len / 2 - 1, text, error))
      return FALSE;
    g_string_truncate (text, 0);
  }
  return TRUE;
}
