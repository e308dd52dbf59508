/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/unicodenorm.h"

#include <string.h>

#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"

typedef struct {
  guint32 first, last;
  guint8 bits;
} NormRange;

#include "unicodenorm_table.h"

#define TAKES_PART 1
#define MAY_CHANGE(form) ((guint) 2 << (form))

/* one byte of the table's bits a code point */
static const guint8 *
norm_classes (void)
{
  static guint8 *classes;

  if (g_once_init_enter (&classes)) {
    guint8 *made = g_malloc0 (0x110000);

    for (gsize i = 0; i < G_N_ELEMENTS (norm_ranges); i++)
      memset (made + norm_ranges[i].first, norm_ranges[i].bits,
          norm_ranges[i].last - norm_ranges[i].first + 1);
    g_once_init_leave (&classes, made);
  }
  return classes;
}

static void
append_form (ActNormForm form, const guint8 *from, const guint8 *to,
    gboolean changes, GString *out)
{
  static const GNormalizeMode modes[] = { G_NORMALIZE_NFD, G_NORMALIZE_NFKD,
    G_NORMALIZE_NFC, G_NORMALIZE_NFKC };
  g_autofree char *made = NULL;

  if (changes)
    made = g_utf8_normalize ((const char *) from, to - from, modes[form]);
  if (made != NULL)
    g_string_append (out, made);
  else
    g_string_append_len (out, (const char *) from, to - from);
}

/* A character that takes no part is neither changed nor composed, and nothing
 * moves across it; so the text is cut there, and GLib sees only runs of those
 * that do, if one of them may change. */
void
act_unicode_normalize (
    ActNormForm form, const char *text, gsize length, GString *out)
{
  const guint8 *classes = norm_classes ();
  const guint8 *p = (const guint8 *) text, *end = p + length;
  const guint8 *done = p, *run = p;
  gboolean changes = FALSE;

  while (p < end) {
    const guint8 *at = p;
    guint bits = classes[act_utf8_next (&p)];

    changes = changes || (bits & MAY_CHANGE (form));
    if (bits & TAKES_PART)
      continue;
    if (changes) {
      append_form (form, done, run, FALSE, out);
      append_form (form, run, at, TRUE, out);
      done = at;
      changes = FALSE;
    }
    run = p;
  }
  if (!changes)
    run = end;
  append_form (form, done, run, FALSE, out);
  append_form (form, run, end, changes, out);
}

/* ---- the kinds ---- */

typedef struct {
  ActNormalizer parent;
  ActNormForm form;
} Norm;

static gboolean
norm_normalize (ActNormalizer *parent, const char *text, gsize length,
    GString *out, GError **error)
{
  act_unicode_normalize (((Norm *) parent)->form, text, length, out);
  return TRUE;
}

static void
norm_free (ActNormalizer *parent)
{
  g_free (parent);
}

static gpointer
norm_new (ActNormForm form)
{
  Norm *self = g_new0 (Norm, 1);

  self->parent.normalize = norm_normalize;
  self->parent.free = norm_free;
  self->form = form;
  return self;
}

static gpointer
nfd_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  return norm_new (ACT_NORM_NFD);
}

static gpointer
nfkd_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  return norm_new (ACT_NORM_NFKD);
}

static gpointer
nfc_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  return norm_new (ACT_NORM_NFC);
}

static gpointer
nfkc_new (JsonObject *config, const ActStageContext *context, GError **error)
{
  return norm_new (ACT_NORM_NFKC);
}

static const char *const no_fields[] = { NULL };

const ActStageKind act_normalizer_nfd = { "NFD", nfd_new, no_fields };
const ActStageKind act_normalizer_nfkd = { "NFKD", nfkd_new, no_fields };
const ActStageKind act_normalizer_nfc = { "NFC", nfc_new, no_fields };
const ActStageKind act_normalizer_nfkc = { "NFKC", nfkc_new, no_fields };
