/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SentencePiece's way: blanks become a visible character, which pieces begin
 * with, and the text does too, though no blank is before it. */
#include <string.h>

#include "acterror.h"
#include "tokenizer/charclass.h"
#include "tokenizer/splitter.h"
#include "tokenizer/stage.h"

#define DEFAULT_REPLACEMENT "\342\226\201" /* U+2581 */

typedef enum {
  PREPEND_ALWAYS,
  PREPEND_FIRST, /* to what the text begins with */
  PREPEND_NEVER,
} PrependScheme;

typedef struct {
  ActPreTokenizer parent;
  char replacement[8];
  gsize length; /* of it */
  PrependScheme scheme;
  gboolean split;
  GString *scratch;
} Metaspace;

/* what it has been made into goes to func, cut where a replacement begins */
static gboolean
cut_scratch (Metaspace *self, gboolean at_start, ActPieceFunc func,
    gpointer user_data, GError **error)
{
  const char *begin = self->scratch->str, *end = begin + self->scratch->len;
  const char *from = begin;

  while (from < end) {
    const char *next = NULL;

    if (self->split && end - from > (gssize) self->length) {
      const char *after = from
          + (memcmp (from, self->replacement, self->length) == 0 ? self->length
                                                                 : 1);

      next = memmem (
          after, (gsize) (end - after), self->replacement, self->length);
    }
    if (next == NULL)
      next = end;
    if (!func (from, (gsize) (next - from), at_start && from == begin,
            user_data, error))
      return FALSE;
    from = next;
  }
  return TRUE;
}

static gboolean
metaspace_cut (ActPreTokenizer *parent, const char *text, gsize length,
    gboolean at_start, ActPieceFunc func, gpointer user_data, GError **error)
{
  Metaspace *self = (Metaspace *) parent;
  const char *p = text, *end = text + length;
  gboolean begins = length > 0
      && (*p == ' '
          || (length >= self->length
              && memcmp (p, self->replacement, self->length) == 0));

  g_string_truncate (self->scratch, 0);
  if (!begins
      && (self->scheme == PREPEND_ALWAYS
          || (self->scheme == PREPEND_FIRST && at_start)))
    g_string_append_len (
        self->scratch, self->replacement, (gssize) self->length);
  while (p < end) {
    const char *blank = memchr (p, ' ', (gsize) (end - p));

    g_string_append_len (self->scratch, p, (blank ? blank : end) - p);
    if (blank == NULL)
      break;
    g_string_append_len (
        self->scratch, self->replacement, (gssize) self->length);
    p = blank + 1;
  }
  return cut_scratch (self, at_start, func, user_data, error);
}

static void
metaspace_free (ActPreTokenizer *parent)
{
  g_string_free (((Metaspace *) parent)->scratch, TRUE);
  g_free (parent);
}

/* older files have add_prefix_space instead */
static gboolean
read_scheme (JsonObject *config, const ActStageContext *context,
    PrependScheme *scheme, GError **error)
{
  static const char *const names[] = { "always", "first", "never" };
  gboolean has_scheme =
      !act_stage_is_null (json_object_get_member (config, "prepend_scheme"));
  const char *name =
      act_stage_get_string (config, "prepend_scheme", "always", context, error);
  gboolean add_prefix_space;
  guint i;

  if (name == NULL
      || !act_stage_get_flag (
          config, "add_prefix_space", TRUE, context, &add_prefix_space, error))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (names) && !g_str_equal (name, names[i]); i++)
    ;
  if (i == G_N_ELEMENTS (names)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': 'prepend_scheme' '%s' is not supported (supported: always, "
        "first, never)",
        context->name, name);
    return FALSE;
  }
  *scheme = (PrependScheme) i;
  if (add_prefix_space)
    return TRUE;
  if (has_scheme && *scheme != PREPEND_NEVER) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s': 'prepend_scheme' is '%s', but 'add_prefix_space' is false",
        context->name, name);
    return FALSE;
  }
  *scheme = PREPEND_NEVER;
  return TRUE;
}

static gpointer
metaspace_new (
    JsonObject *config, const ActStageContext *context, GError **error)
{
  PrependScheme scheme;
  gunichar replacement;
  Metaspace *self;
  gboolean split;

  if (!act_stage_get_char (config, "replacement", DEFAULT_REPLACEMENT, context,
          &replacement, error)
      || !act_stage_get_flag (config, "split", TRUE, context, &split, error)
      || !read_scheme (config, context, &scheme, error))
    return NULL;
  self = g_new0 (Metaspace, 1);
  self->parent.cut = metaspace_cut;
  self->parent.free = metaspace_free;
  self->length = (gsize) g_unichar_to_utf8 (replacement, self->replacement);
  self->scheme = scheme;
  self->split = split;
  self->scratch = g_string_new (NULL);
  return self;
}

/* str_rep is the replacement once more */
static const char *const fields[] = { "replacement", "prepend_scheme", "split",
  "add_prefix_space", "str_rep", NULL };

const ActStageKind act_pre_tokenizer_metaspace = {
  "Metaspace",
  metaspace_new,
  fields,
};
