/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reading/nearnames.h"

#include <string.h>

#define N_BEST 3
#define MAX_LENGTH 200 /* longer ones are compared up to here */

struct _ActNearNames {
  char *wanted;
  gsize length;
  char *names[N_BEST];
  guint distances[N_BEST];
  guint n;
};

ActNearNames *
act_near_names_new (const char *wanted)
{
  ActNearNames *self = g_new0 (ActNearNames, 1);

  self->wanted = g_strdup (wanted);
  self->length = MIN (strlen (wanted), MAX_LENGTH);
  return self;
}

void
act_near_names_free (ActNearNames *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n; i++)
    g_free (self->names[i]);
  g_free (self->wanted);
  g_free (self);
}

static guint
distance (const char *a, gsize n_a, const char *b, gsize n_b)
{
  guint row[MAX_LENGTH + 1];

  for (gsize j = 0; j <= n_b; j++)
    row[j] = (guint) j;
  for (gsize i = 1; i <= n_a; i++) {
    guint diagonal = row[0];

    row[0] = (guint) i;
    for (gsize j = 1; j <= n_b; j++) {
      guint changed = diagonal + (a[i - 1] != b[j - 1]);

      diagonal = row[j];
      row[j] = MIN (changed, MIN (row[j], row[j - 1]) + 1);
    }
  }
  return row[n_b];
}

void
act_near_names_add (ActNearNames *self, const char *name)
{
  gsize length = MIN (strlen (name), MAX_LENGTH);
  guint best = distance (self->wanted, self->length, name, length), i;

  /* with more than half of it changed it is another name */
  if (best > MAX (self->length, 2) / 2)
    return;
  if (self->n == N_BEST && best >= self->distances[N_BEST - 1])
    return;
  if (self->n == N_BEST)
    g_free (self->names[--self->n]);
  for (i = self->n++; i > 0 && self->distances[i - 1] > best; i--) {
    self->names[i] = self->names[i - 1];
    self->distances[i] = self->distances[i - 1];
  }
  self->names[i] = g_strdup (name);
  self->distances[i] = best;
}

char *
act_near_names_get (const ActNearNames *self)
{
  GString *out;

  if (self->n == 0)
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < self->n; i++)
    g_string_append_printf (out, "%s'%s'",
        i == 0                ? ""
            : i + 1 < self->n ? ", "
                              : " or ",
        self->names[i]);
  return g_string_free (out, FALSE);
}
