/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/companions.h"

#include "formats/bigarray.h"
#include "viewer/jointcounts.h"

/* of each array this much stays in memory */
#define ARRAY_MEMORY ((gsize) 16 << 20)

/* positions of many things, one after another */
typedef struct {
  ActBigArray *positions; /* guint32, of the run, ascending in each */
  GArray *ends;           /* guint64 */
} Lists;

struct _ActCompanions {
  char *folder;
  const ActTexts *texts;
  guint n_top;
  Lists lines;
  Lists components;
  GArray *names; /* ActCompanionName, of the components */

  ActJointCounts *counts; /* with lines; or NULL */
  ActJointCount *found;   /* [lines + 1] */
  ActCoactivePair *pairs; /* [lines] */
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

  self->folder = g_strdup (folder);
  self->texts = texts;
  self->n_top = n_top;
  lists_init (&self->lines, folder);
  lists_init (&self->components, folder);
  self->names = g_array_new (FALSE, FALSE, sizeof (ActCompanionName));
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
  act_joint_counts_free (self->counts);
  g_free (self->found);
  g_free (self->pairs);
  g_free (self->folder);
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

static ActPositionSets
lists_as_sets (const Lists *lists)
{
  return (ActPositionSets){ (const guint32 *) lists->positions->data,
    (const guint64 *) lists->ends->data, lists->ends->len };
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

gboolean
act_companions_prepare (ActCompanions *self, GError **error)
{
  ActPositionSets lines = lists_as_sets (&self->lines);
  ActPositionSets components = lists_as_sets (&self->components);

  if (self->names->len == 0)
    return TRUE;
  self->found = g_new (ActJointCount, (gsize) lines.n + 1);
  self->pairs = g_new (ActCoactivePair, lines.n);
  self->counts = act_joint_counts_new (
      self->folder, n_positions (self), &lines, &components, error);
  return self->counts != NULL;
}

guint
act_companions_get_n (const ActCompanions *self)
{
  return self->names->len;
}

ActCompanionName
act_companions_get_name (const ActCompanions *self, guint i)
{
  return g_array_index (self->names, ActCompanionName, i);
}

void
act_companions_get (ActCompanions *self, guint i, ActCoactiveTable *table)
{
  guint own_line = act_companions_get_name (self, i).line, n_found;
  gsize n, n_other, n_pairs = 0;
  const guint32 *positions = lists_get (&self->components, i, &n);

  act_joint_counts_count (self->counts, positions, n);
  n_found = act_joint_counts_get (self->counts, self->found);
  for (guint k = 0; k < n_found; k++) {
    guint line = self->found[k].set, together = self->found[k].count;

    if (line == own_line)
      continue;
    lists_get (&self->lines, line, &n_other);
    self->pairs[n_pairs++] = (ActCoactivePair){ line, together, n_other,
      (gint64) n + n_other - together };
  }
  act_coactive_rank (table, n, self->pairs, n_pairs, self->n_top);
}
