/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/lowercase.h"

#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"

typedef struct {
  guint32 first, last, step;
  gint32 delta;
} LowerRange;

#include "lowercase_table.h"

#define N_LOWER 0x20000 /* all that change are below */
#define DOTTED_I 0x130  /* the one that becomes two */
#define DOTTED_I_LOWER "i\314\207"

static const gint32 *
lower_deltas (void)
{
  static gint32 *deltas;

  if (g_once_init_enter (&deltas)) {
    gint32 *made = g_new0 (gint32, N_LOWER);

    for (gsize i = 0; i < G_N_ELEMENTS (lower_ranges); i++) {
      const LowerRange *range = &lower_ranges[i];

      for (guint32 c = range->first; c <= range->last; c += range->step)
        made[c] = range->delta;
    }
    g_once_init_leave (&deltas, made);
  }
  return deltas;
}

void
act_utf8_lowercase (const char *text, gsize length, GString *out)
{
  const gint32 *deltas = lower_deltas ();
  const guint8 *p = (const guint8 *) text, *end = p + length, *done = p;

  while (p < end) {
    const guint8 *at = p;
    gunichar c = act_utf8_next (&p);

    if (c >= N_LOWER || (deltas[c] == 0 && c != DOTTED_I))
      continue;
    g_string_append_len (out, (const char *) done, at - done);
    if (c == DOTTED_I)
      g_string_append (out, DOTTED_I_LOWER);
    else
      g_string_append_unichar (out, (gunichar) ((gint32) c + deltas[c]));
    done = p;
  }
  g_string_append_len (out, (const char *) done, end - done);
}

/* ---- the kind ---- */

static gboolean
lowercase_normalize (ActNormalizer *self, const char *text, gsize length,
    GString *out, GError **error)
{
  act_utf8_lowercase (text, length, out);
  return TRUE;
}

static void
lowercase_free (ActNormalizer *self)
{
  g_free (self);
}

static gpointer
lowercase_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  ActNormalizer *self = g_new0 (ActNormalizer, 1);

  self->normalize = lowercase_normalize;
  self->free = lowercase_free;
  return self;
}

static const char *const fields[] = { NULL };

const ActStageKind act_normalizer_lowercase = {
  "Lowercase",
  lowercase_new,
  fields,
};
