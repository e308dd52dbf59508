/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/shown.h"

#include <math.h>
#include <stdlib.h>

#include "dashboard/statistics.h"
#include "dashboard/topitems.h"
#include "formats/bigarray.h"
#include "viewer/numbers.h"

/* of each array this much stays in memory */
#define ARRAY_MEMORY ((gsize) 4 << 20)
/* of more members no coactivations are kept */
#define MAX_COACTIVE_MEMBERS 512
#define LEVELS 255.0
/* about how long a position and its level are, or an empty row; and a count */
#define PAIR_SIZE 8
#define COUNT_SIZE 4

/* The cluster's own rows come first, then those of its members, each n_shown
 * of them. */
struct _ActViewerShown {
  const guint64 *samples;
  gsize n_shown;
  ActBigArray *ends; /* gsize, by row: its last value, one past */
  ActBigArray *positions;
  ActBigArray *values;
  GArray *peaks;       /* double, by the cluster's row: its maximum */
  GArray *peak_places; /* guint32: where it is first */
  GArray *masses;      /* double, by member */
  GArray *counts;      /* gint64 */
  guint n_counted;     /* members that counts are of */
  gsize n_done;        /* rows of the member at hand */
};

ActViewerShown *
act_viewer_shown_new (const char *folder)
{
  ActViewerShown *self = g_new0 (ActViewerShown, 1);

  act_small_numbers_init ();
  self->ends = act_big_array_new (sizeof (gsize), ARRAY_MEMORY, folder);
  self->positions = act_big_array_new (sizeof (gint32), ARRAY_MEMORY, folder);
  self->values = act_big_array_new (sizeof (float), ARRAY_MEMORY, folder);
  self->peaks = g_array_new (FALSE, FALSE, sizeof (double));
  self->peak_places = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->masses = g_array_new (FALSE, FALSE, sizeof (double));
  self->counts = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

void
act_viewer_shown_free (ActViewerShown *self)
{
  if (self == NULL)
    return;
  act_big_array_free (self->ends);
  act_big_array_free (self->positions);
  act_big_array_free (self->values);
  g_array_unref (self->peaks);
  g_array_unref (self->peak_places);
  g_array_unref (self->masses);
  g_array_unref (self->counts);
  g_free (self);
}

/* a row behind the last one */
static gboolean
add_row (ActViewerShown *self, const gint32 *positions, const float *values,
    gsize n, GError **error)
{
  gint32 *to_positions = act_big_array_grow (self->positions, n, error);
  float *to_values;
  gsize *end;

  if (to_positions == NULL)
    return FALSE;
  to_values = act_big_array_grow (self->values, n, error);
  if (to_values == NULL)
    return FALSE;
  if (n > 0) {
    memcpy (to_positions, positions, n * sizeof *positions);
    memcpy (to_values, values, n * sizeof *values);
  }
  end = act_big_array_grow (self->ends, 1, error);
  if (end == NULL)
    return FALSE;
  *end = self->values->len;
  return TRUE;
}

/* exact: levels do not tell near values apart */
static void
add_peak (ActViewerShown *self, const ActRows *rows, gsize row)
{
  ActRowProperties properties;
  gsize indptr[2];
  ActRows one = act_rows_get (rows, row, indptr);
  double peak;
  guint32 place;

  act_row_properties (&one, FALSE, FALSE, &properties);
  peak = properties.max;
  place = properties.max_position;
  g_array_append_val (self->peaks, peak);
  g_array_append_val (self->peak_places, place);
}

gboolean
act_viewer_shown_begin (ActViewerShown *self, const ActRows *rows,
    const gsize *picked, const guint64 *samples, gsize n_shown, GError **error)
{
  self->samples = samples;
  self->n_shown = n_shown;
  self->n_done = 0;
  self->n_counted = 0;
  act_big_array_shrink (self->ends, 0);
  act_big_array_shrink (self->positions, 0);
  act_big_array_shrink (self->values, 0);
  g_array_set_size (self->peaks, 0);
  g_array_set_size (self->peak_places, 0);
  g_array_set_size (self->masses, 0);
  g_array_set_size (self->counts, 0);
  for (gsize i = 0; i < n_shown; i++) {
    gsize first = rows->indptr[picked[i]];

    add_peak (self, rows, picked[i]);
    if (!add_row (self, rows->positions + first, rows->values + first,
            rows->indptr[picked[i] + 1] - first, error))
      return FALSE;
  }
  return TRUE;
}

void
act_viewer_shown_add_coactivations (
    ActViewerShown *self, const gint64 *counts, guint n_members)
{
  if (counts == NULL || n_members > MAX_COACTIVE_MEMBERS)
    return;
  g_array_append_vals (self->counts, counts, n_members * n_members);
  self->n_counted = n_members;
}

/* The shown samples before `sample`, of which there are no rows, are empty. */
static gboolean
skip_to (ActViewerShown *self, guint64 sample, GError **error)
{
  for (; self->n_done < self->n_shown && self->samples[self->n_done] < sample;
       self->n_done++)
    if (!add_row (self, NULL, NULL, 0, error))
      return FALSE;
  return TRUE;
}

gboolean
act_viewer_shown_add_member_rows (ActViewerShown *self, gsize n_rows,
    const guint64 *samples, const gint64 *indptr, const gint32 *positions,
    const float *values, GError **error)
{
  for (gsize i = 0; i < n_rows && self->n_done < self->n_shown; i++) {
    if (self->samples[self->n_done] > samples[i])
      continue;
    if (!skip_to (self, samples[i], error))
      return FALSE;
    if (self->n_done == self->n_shown
        || self->samples[self->n_done] > samples[i])
      continue;
    if (!add_row (self, positions + indptr[i], values + indptr[i],
            indptr[i + 1] - indptr[i], error))
      return FALSE;
    self->n_done++;
  }
  return TRUE;
}

gboolean
act_viewer_shown_end_member (ActViewerShown *self, double mass, GError **error)
{
  if (!skip_to (self, G_MAXUINT64, error))
    return FALSE;
  self->n_done = 0;
  g_array_append_val (self->masses, mass);
  return TRUE;
}

guint
act_viewer_shown_get_n_members (const ActViewerShown *self)
{
  return self->masses->len;
}

typedef struct {
  double mass;
  guint member;
} Mass;

static int
compare_masses (const void *a, const void *b)
{
  const Mass *x = a, *y = b;

  if (x->mass != y->mass)
    return x->mass > y->mass ? -1 : 1;
  return x->member < y->member ? -1 : x->member > y->member;
}

static int
compare_members (const void *a, const void *b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;

  return x < y ? -1 : x > y;
}

void
act_viewer_shown_pick_members (
    const ActViewerShown *self, guint n, guint *picked)
{
  guint n_members = self->masses->len;
  g_autofree Mass *masses = g_new (Mass, n_members + 1);

  for (guint i = 0; i < n_members; i++)
    masses[i] = (Mass){ g_array_index (self->masses, double, i), i };
  n = act_top_items (masses, n_members, sizeof *masses, n, compare_masses);
  for (guint i = 0; i < n; i++)
    picked[i] = masses[i].member;
  qsort (picked, n, sizeof *picked, compare_members);
}

/* values of rows [first, first + n_shown) */
static const float *
block_values (const ActViewerShown *self, gsize first, gsize *n)
{
  const gsize *ends = (const gsize *) self->ends->data;
  gsize start = first > 0 ? ends[first - 1] : 0;

  *n = self->n_shown > 0 ? ends[first + self->n_shown - 1] - start : 0;
  return (const float *) self->values->data + start;
}

guint64
act_viewer_shown_get_size (
    const ActViewerShown *self, const guint *kept, guint n_kept)
{
  gsize n, n_values;

  if (kept == NULL)
    return (self->values->len + self->ends->len) * PAIR_SIZE
        + (guint64) self->counts->len * COUNT_SIZE;
  block_values (self, 0, &n_values);
  for (guint i = 0; i < n_kept; i++) {
    block_values (self, self->n_shown * (1 + (gsize) kept[i]), &n);
    n_values += n;
  }
  return (n_values + (n_kept + 1) * self->n_shown) * PAIR_SIZE
      + (guint64) n_kept * n_kept * COUNT_SIZE;
}

static float
largest (const ActViewerShown *self, gsize first_row, float scale)
{
  gsize n;
  const float *values = block_values (self, first_row, &n);

  for (gsize i = 0; i < n; i++)
    scale = fabsf (values[i]) > scale ? fabsf (values[i]) : scale;
  return scale;
}

/* a zero may come of a member's rows: records need not be without */
static inline char *
put_level (char *p, float value, double scale)
{
  guint level;

  if (value == 0)
    return act_put_uint (p, 0);
  level = (guint) (fabs ((double) value) / scale * LEVELS + 0.5);
  if (value < 0)
    *p++ = '-';
  return act_put_uint (p, MAX (level, 1));
}

static char *
put_row (char *p, const gint32 *positions, const float *values, gsize n,
    double scale)
{
  char *begin;

  memcpy (p, "[[", 2);
  begin = p += 2;
  for (gsize i = 0; i < n; i++)
    p = act_put_uint (p, positions[i]);
  p = act_put_list_end (begin, p);
  memcpy (p, ",[", 2);
  begin = p += 2;
  for (gsize i = 0; i < n; i++)
    p = put_level (p, values[i], scale);
  p = act_put_list_end (begin, p);
  memcpy (p, "],", 2);
  return p + 2;
}

/* rows [first, first + n_shown) as a list */
static void
write_block (
    const ActViewerShown *self, GString *out, gsize first, double scale)
{
  const gsize *ends = (const gsize *) self->ends->data;
  const gint32 *positions = (const gint32 *) self->positions->data;
  const float *values = (const float *) self->values->data;
  gsize start = first > 0 ? ends[first - 1] : 0, n;
  char *p, *begin;

  block_values (self, first, &n);
  p = act_string_make_room (
      out, n * (11 + 5) + self->n_shown * 12 + ACT_NUMBER_ROOM);
  *p++ = '[';
  begin = p;
  for (gsize i = 0; i < self->n_shown; i++) {
    gsize end = ends[first + i];

    p = put_row (p, positions + start, values + start, end - start, scale);
    start = end;
  }
  p = act_put_list_end (begin, p);
  g_string_set_size (out, p - out->str);
}

static void
write_members (const ActViewerShown *self, GString *out, const guint *kept,
    guint n_kept, gboolean leave_out)
{
  guint n = kept != NULL ? n_kept : self->masses->len, next = 0;
  float scale = 0;

  for (guint i = 0; i < n; i++)
    scale = largest (
        self, self->n_shown * (1 + (kept != NULL ? kept[i] : i)), scale);
  g_string_append (out, ",\"member_scale\":");
  act_append_double (out, scale);
  g_string_append (out, ",\"members\":[");
  for (guint i = 0; i < self->masses->len; i++) {
    gboolean has_details = kept == NULL || (next < n && kept[next] == i);

    if (!has_details && leave_out)
      continue;
    if (has_details) {
      write_block (self, out, self->n_shown * (1 + (gsize) i), scale);
      next++;
    } else {
      g_string_append (out, "null");
    }
    g_string_append_c (out, ',');
  }
  if (out->str[out->len - 1] == ',')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, ']');
}

static void
write_coactivations (
    const ActViewerShown *self, GString *out, const guint *kept, guint n_kept)
{
  guint n = kept != NULL ? n_kept : self->n_counted;
  g_autofree guint64 *row = g_new (guint64, n + 1);

  g_string_append (out, ",\"coactivations\":");
  if (self->n_counted == 0 || self->n_counted != self->masses->len) {
    g_string_append (out, "null");
    return;
  }
  for (guint i = 0; i < n; i++) {
    gsize first = (gsize) self->n_counted * (kept != NULL ? kept[i] : i);

    for (guint j = 0; j < n; j++)
      row[j] = g_array_index (
          self->counts, gint64, first + (kept != NULL ? kept[j] : j));
    g_string_append_c (out, i > 0 ? ',' : '[');
    act_append_u64_list (out, row, n);
  }
  g_string_append_c (out, ']');
}

void
act_viewer_shown_write_own (const ActViewerShown *self, GString *out)
{
  float scale = largest (self, 0, 0);

  g_string_append (out, "\"scale\":");
  act_append_double (out, scale);
  g_string_append (out, ",\"activations\":");
  write_block (self, out, 0, scale);
  g_string_append (out, ",\"peak\":");
  act_append_double_list (
      out, (const double *) self->peaks->data, self->peaks->len);
  g_string_append (out, ",\"peak_position\":");
  act_append_u32_list (
      out, (const guint32 *) self->peak_places->data, self->peak_places->len);
}

void
act_viewer_shown_write (const ActViewerShown *self, GString *out,
    const guint *kept, guint n_kept, gboolean leave_out)
{
  act_viewer_shown_write_own (self, out);
  if (self->masses->len > 0) {
    write_members (self, out, kept, n_kept, leave_out);
    write_coactivations (self, out, kept, n_kept);
  } else {
    g_string_append (
        out, ",\"member_scale\":null,\"members\":null,\"coactivations\":null");
  }
}
