/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/companions.h"

#include <string.h>

#include "formats/bigarray.h"

/* of each array this much stays in memory */
#define ARRAY_MEMORY ((gsize) 16 << 20)

/* positions of many things, one after another */
typedef struct {
  ActBigArray *positions; /* guint32, of the run, ascending in each */
  GArray *ends;           /* guint64 */
} Lists;

struct _ActCompanions {
  const ActTexts *texts;
  guint n_top;
  Lists lines;
  Lists components;
  GArray *names; /* ActCompanionName, of the components */

  ActBigArray *start; /* guint64 [positions + 1], of the next */
  ActBigArray *at;    /* guint32 [start[positions]]: lines, by position */
  guint32 *counts;    /* [lines], 0 between components */
  ActCoactivePair *pairs;
};

static void
lists_init (Lists *lists, const char *folder)
{
  lists->positions = act_big_array_new (sizeof (guint32), ARRAY_MEMORY, folder);
  lists->ends = g_array_new (FALSE, FALSE, sizeof (guint64));
}

static void
lists_clear (Lists *lists)
{
  act_big_array_free (lists->positions);
  g_array_unref (lists->ends);
}

ActCompanions *
act_companions_new (const char *folder, const ActTexts *texts, guint n_top)
{
  ActCompanions *self = g_new0 (ActCompanions, 1);

  self->texts = texts;
  self->n_top = n_top;
  lists_init (&self->lines, folder);
  lists_init (&self->components, folder);
  self->names = g_array_new (FALSE, FALSE, sizeof (ActCompanionName));
  self->start = act_big_array_new (sizeof (guint64), ARRAY_MEMORY, folder);
  self->at = act_big_array_new (sizeof (guint32), ARRAY_MEMORY, folder);
  return self;
}

void
act_companions_free (ActCompanions *self)
{
  if (self == NULL)
    return;
  lists_clear (&self->lines);
  lists_clear (&self->components);
  g_array_unref (self->names);
  act_big_array_free (self->start);
  act_big_array_free (self->at);
  g_free (self->counts);
  g_free (self->pairs);
  g_free (self);
}

static guint64
n_positions (const ActCompanions *self)
{
  return act_texts_get_n_samples (self->texts)
      * act_texts_get_n_ctx (self->texts);
}

static gboolean
is_too_large (const ActCompanions *self)
{
  return n_positions (self) > G_MAXUINT32;
}

/* positions at which a value is above 0 */
static gboolean
lists_add (
    Lists *lists, const ActRows *rows, const gsize *row_of, GError **error)
{
  gsize n = rows->n_rows > 0 ? rows->indptr[rows->n_rows] : 0, kept = 0;
  gsize before = lists->positions->len;
  guint32 *positions = act_big_array_grow (lists->positions, n, error);
  guint64 end;

  if (positions == NULL)
    return FALSE;
  for (gsize i = 0; i < rows->n_rows; i++) {
    guint32 first = (guint32) (row_of[i] * rows->n_ctx);

    for (gsize k = rows->indptr[i]; k < rows->indptr[i + 1]; k++) {
      positions[kept] = first + (guint32) rows->positions[k];
      kept += rows->values[k] > 0;
    }
  }
  end = before + kept;
  act_big_array_shrink (lists->positions, end);
  g_array_append_val (lists->ends, end);
  return TRUE;
}

/* list i */
static const guint32 *
lists_get (const Lists *lists, guint i, gsize *n)
{
  const guint64 *ends = (const guint64 *) lists->ends->data;
  guint64 start = i > 0 ? ends[i - 1] : 0;

  *n = ends[i] - start;
  return (const guint32 *) lists->positions->data + start;
}

gboolean
act_companions_add_line (ActCompanions *self, const ActRows *rows,
    const gsize *row_of, GError **error)
{
  return is_too_large (self) || lists_add (&self->lines, rows, row_of, error);
}

gboolean
act_companions_add_component (ActCompanions *self, guint member,
    const ActRows *rows, const gsize *row_of, GError **error)
{
  ActCompanionName name = { self->lines.ends->len - 1, member };

  if (is_too_large (self))
    return TRUE;
  g_array_append_val (self->names, name);
  return lists_add (&self->components, rows, row_of, error);
}

/* what lies at each position: counted, added up, and dealt out, after which
 * start[p + 1] is where p ends */
static void
deal_out (ActCompanions *self, guint64 *start, guint32 *at)
{
  const guint32 *positions = (const guint32 *) self->lines.positions->data;
  gsize n = self->lines.positions->len;

  memset (start, 0, self->start->len * sizeof *start);
  for (gsize k = 0; k < n; k++)
    start[positions[k] + 2]++;
  for (gsize p = 2; p < self->start->len; p++)
    start[p] += start[p - 1];
  for (guint i = 0; i < self->lines.ends->len; i++) {
    gsize n_own;
    const guint32 *own = lists_get (&self->lines, i, &n_own);

    for (gsize k = 0; k < n_own; k++)
      at[start[own[k] + 1]++] = i;
  }
}

gboolean
act_companions_prepare (ActCompanions *self, GError **error)
{
  guint n_lines = self->lines.ends->len;
  guint64 *start;
  guint32 *at;

  if (self->names->len == 0)
    return TRUE;
  start = act_big_array_grow (self->start, n_positions (self) + 2, error);
  if (start == NULL)
    return FALSE;
  at = act_big_array_grow (self->at, self->lines.positions->len, error);
  if (at == NULL)
    return FALSE;
  self->counts = g_new0 (guint32, n_lines);
  self->pairs = g_new (ActCoactivePair, n_lines);
  deal_out (self, start, at);
  return TRUE;
}

guint
act_companions_get_n (const ActCompanions *self)
{
  return self->names->len;
}

static void
count (ActCompanions *self, const guint32 *positions, gsize n)
{
  const guint64 *start = (const guint64 *) self->start->data;
  const guint32 *at = (const guint32 *) self->at->data;

  for (gsize i = 0; i < n; i++)
    for (guint64 k = start[positions[i]]; k < start[positions[i] + 1]; k++)
      self->counts[at[k]]++;
}

ActCompanionName
act_companions_get_name (const ActCompanions *self, guint i)
{
  return g_array_index (self->names, ActCompanionName, i);
}

void
act_companions_get (ActCompanions *self, guint i, ActCoactiveTable *table)
{
  gsize n, n_other, n_pairs = 0;
  const guint32 *positions = lists_get (&self->components, i, &n);

  count (self, positions, n);
  self->counts[act_companions_get_name (self, i).line] = 0;
  for (guint line = 0; line < self->lines.ends->len; line++) {
    guint32 together = self->counts[line];

    if (together == 0)
      continue;
    self->counts[line] = 0;
    lists_get (&self->lines, line, &n_other);
    self->pairs[n_pairs++] = (ActCoactivePair){ line, together, n_other,
      (gint64) n + n_other - together };
  }
  act_coactive_rank (table, n, self->pairs, n_pairs, self->n_top);
}
