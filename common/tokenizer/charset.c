/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/charset.h"

#include <pcre2.h>
#include <string.h>

#include "tokenizer/charclass.h"

#define N_POINTS 0x110000

typedef struct {
  guint32 first, last;
  guint8 category;
} CategoryRange;

#include "category_table.h"

typedef gboolean (*InSet) (gunichar c, gconstpointer data);

static void
append_range (GString *out, gunichar first, gunichar last)
{
  if (first == last)
    g_string_append_printf (out, "\\x{%x}", first);
  else
    g_string_append_printf (out, "\\x{%x}-\\x{%x}", first, last);
}

/* surrogates are in no text; a range may go over them */
static void
append_set (GString *out, InSet in_set, gconstpointer data, gboolean negated)
{
  gunichar first = 0;
  gboolean inside = FALSE;

  for (gunichar c = 0; c <= N_POINTS; c++) {
    gboolean in;

    if (c >= 0xd800 && c < 0xe000)
      continue;
    in = c < N_POINTS && in_set (c, data) != negated;
    if (in && !inside)
      first = c;
    else if (!in && inside)
      append_range (out, first, c == 0xe000 ? 0xd7ff : c - 1);
    inside = in;
  }
}

static gboolean
is_space (gunichar c, gconstpointer data)
{
  return (act_char_classes ()[c] & ACT_CHAR_SPACE) != 0;
}

void
act_charset_append_space (GString *out, gboolean negated)
{
  append_set (out, is_space, NULL, negated);
}

/* Oniguruma's \w is not that of Rust's regex, which single_word asks */
static gboolean
is_word (gunichar c, gconstpointer data)
{
  switch (c) {
  case 0xb2: /* superscripts and fractions of Latin-1: not within a class */
  case 0xb3:
  case 0xb9:
  case 0xbc:
  case 0xbd:
  case 0xbe:
    return !*(const gboolean *) data;
  case 0x200c: /* joiners */
  case 0x200d:
    return FALSE;
  default:
    return (act_char_classes ()[c] & ACT_CHAR_WORD) != 0;
  }
}

void
act_charset_append_word (GString *out, gboolean negated, gboolean in_class)
{
  append_set (out, is_word, &in_class, negated);
}

/* ---- general categories ---- */

/* index in category_names of each code point, 0 (Cn) where it has none */
static const guint8 *
categories (void)
{
  static guint8 *table;

  if (g_once_init_enter (&table)) {
    guint8 *made = g_malloc0 (N_POINTS);

    for (gsize i = 0; i < G_N_ELEMENTS (category_ranges); i++)
      memset (made + category_ranges[i].first, category_ranges[i].category,
          category_ranges[i].last - category_ranges[i].first + 1);
    g_once_init_leave (&table, made);
  }
  return table;
}

/* what PCRE2 has in \p{name}: a byte a code point, 1 for those in it. All
 * code points are one text, in which their runs are looked for. */
static guint8 *
ask_pcre2 (const char *name)
{
  g_autofree char *regex = g_strdup_printf ("\\p{%s}+", name);
  g_autofree guint8 *text = g_malloc (4 * N_POINTS);
  guint8 *in = g_malloc0 (N_POINTS);
  pcre2_match_data *data;
  pcre2_code *code;
  PCRE2_SIZE offset;
  gsize n = 0, at = 0;
  int error;

  code = pcre2_compile ((PCRE2_SPTR) regex, PCRE2_ZERO_TERMINATED,
      PCRE2_UTF | PCRE2_UCP, &error, &offset, NULL);
  if (code == NULL)
    return in; /* then all of it is in the table */
  for (gunichar c = 0; c < N_POINTS; c++) {
    if (c < 0xd800 || c >= 0xe000)
      n += (gsize) g_unichar_to_utf8 (c, (char *) text + n);
  }
  pcre2_jit_compile (code, PCRE2_JIT_COMPLETE);
  data = pcre2_match_data_create_from_pattern (code, NULL);
  while (pcre2_match (code, text, n, at, PCRE2_NO_UTF_CHECK, data, NULL) > 0) {
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer (data);

    for (const guint8 *p = text + ends[0]; p < text + ends[1];)
      in[act_utf8_next (&p)] = 1;
    at = ends[1];
  }
  pcre2_match_data_free (data);
  pcre2_code_free (code);
  return in;
}

typedef struct {
  guint32 wanted; /* bits of category_names */
  const guint8 *pcre2;
} Category;

static gboolean
is_wanted (gunichar c, gconstpointer data)
{
  const Category *self = data;

  return (self->wanted >> categories ()[c] & 1) != 0;
}

static gboolean
is_lacking (gunichar c, gconstpointer data)
{
  const Category *self = data;

  return is_wanted (c, data) && !self->pcre2[c];
}

static gboolean
is_too_much (gunichar c, gconstpointer data)
{
  const Category *self = data;

  return !is_wanted (c, data) && self->pcre2[c];
}

static gboolean
is_han (gunichar c, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (han_ranges); i++) {
    if (c >= han_ranges[i].first && c <= han_ranges[i].last)
      return TRUE;
  }
  return FALSE;
}

gboolean
act_charset_append_category (GString *out, const char *name, gboolean negated)
{
  g_autofree guint8 *pcre2 = NULL;
  g_autoptr (GString) lacking = g_string_new (NULL);
  g_autoptr (GString) too_much = g_string_new (NULL);
  Category category = { 0 };

  if (g_str_equal (name, "Han")) {
    append_set (out, is_han, NULL, negated);
    return TRUE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (category_names); i++) {
    if (name[0] != '\0' && g_str_has_prefix (category_names[i], name))
      category.wanted |= (guint32) 1 << i;
  }
  if (category.wanted == 0)
    return FALSE;
  category.pcre2 = pcre2 = ask_pcre2 (name);
  append_set (lacking, is_lacking, &category, FALSE);
  append_set (too_much, is_too_much, &category, FALSE);
  /* a set can be added to, but nothing taken from it */
  if ((negated ? lacking : too_much)->len > 0)
    append_set (out, is_wanted, &category, negated);
  else
    g_string_append_printf (out, "\\%c{%s}%s", negated ? 'P' : 'p', name,
        (negated ? too_much : lacking)->str);
  return TRUE;
}
