/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "showcontext.h"

#include <string.h>

#include <text/visible.h>
#include <tokenizer/charclass.h>

#define OPEN "\xe2\x9f\xa6"  /* ⟦ */
#define CLOSE "\xe2\x9f\xa7" /* ⟧ */
#define N_MARKS 2            /* their columns */

typedef struct {
  char *text;
  guint width;
  float value; /* the highest of its tokens */
  gboolean has_peak;
} Piece;

static void
clear_piece (gpointer data)
{
  g_free (((Piece *) data)->text);
}

/* whether a character of the text goes on at a byte: inside[i] */
static guint8 *
find_insides (const GString *bytes)
{
  guint8 *inside = g_malloc0 (bytes->len + 1);
  gsize at = 0;

  while (at < bytes->len) {
    gsize valid = bytes->len - at, bad = 0;
    const guint8 *p = (const guint8 *) bytes->str + at, *end;

    if (act_utf8_check (bytes->str + at, bytes->len - at, &valid, &bad)) {
      valid = bytes->len - at;
      bad = 0;
    }
    for (end = p + valid; p < end;) {
      const guint8 *first = p;

      (void) act_utf8_next (&p);
      for (first++; first < p; first++)
        inside[first - (const guint8 *) bytes->str] = 1;
    }
    at += valid + bad;
  }
  return inside;
}

static void
add_piece (GArray *pieces, const char *bytes, gsize length, float value,
    gboolean has_peak)
{
  GString *text = g_string_new (NULL);
  Piece piece = { .value = value, .has_peak = has_peak };

  act_visible_append (text, bytes, length, ACT_VISIBLE_TEXT);
  piece.width = act_text_width (text->str, text->len);
  piece.text = g_string_free (text, FALSE);
  g_array_append_val (pieces, piece);
}

static GArray *
make_pieces (ActTokenKind kind, const ActShownExample *example, guint peak)
{
  GArray *pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  g_autoptr (GString) bytes = g_string_new (NULL);
  g_autofree gsize *ends = g_new (gsize, example->n_positions);
  g_autofree guint8 *inside = NULL;
  gsize begin = 0;
  float value = -G_MAXFLOAT;
  gboolean has_peak = FALSE;

  g_array_set_clear_func (pieces, clear_piece);
  for (guint t = 0; t < example->n_positions; t++) {
    const GString *token = example->tokens->pdata[t];

    act_token_decode (kind, token->str, token->len, bytes);
    ends[t] = bytes->len;
  }
  inside = find_insides (bytes);
  for (guint t = 0; t < example->n_positions; t++) {
    value = MAX (value, example->values[t]);
    has_peak = has_peak || t == peak;
    if (inside[ends[t]])
      continue;
    add_piece (pieces, bytes->str + begin, ends[t] - begin, value, has_peak);
    begin = ends[t];
    value = -G_MAXFLOAT;
    has_peak = FALSE;
  }
  return pieces;
}

/* pieces[*first] to pieces[*end] without the last: the one at centre and its
 * neighbours, about as much to the left as to the right */
static void
find_window (
    const GArray *pieces, guint centre, guint width, guint *first, guint *end)
{
  guint left = 0, right = 0;
  guint used = g_array_index (pieces, Piece, centre).width;

  *first = centre;
  *end = centre + 1;
  for (;;) {
    guint before = *first > 0 ? g_array_index (pieces, Piece, *first - 1).width
                              : G_MAXUINT;
    guint after = *end < pieces->len ? g_array_index (pieces, Piece, *end).width
                                     : G_MAXUINT;
    guint room = width - MIN (width, used);

    if (before <= room && (left <= right || after > room)) {
      left += before;
      used += before;
      (*first)--;
    } else if (after <= room) {
      right += after;
      used += after;
      (*end)++;
    } else {
      return;
    }
  }
}

static void
append_piece (const ActScreen *screen, const Piece *piece, float peak,
    guint width, GString *out)
{
  gboolean marked = piece->has_peak && peak > 0;
  g_autoptr (GString) text = g_string_new (NULL);

  act_text_append_cut (text, piece->text, strlen (piece->text), width);
  if (marked && !screen->colours)
    g_string_append (out, OPEN);
  act_screen_append_shaded (
      screen, out, text->str, peak > 0 ? piece->value / peak : 0, marked);
  if (marked && !screen->colours)
    g_string_append (out, CLOSE);
}

void
act_show_context (const ActScreen *screen, ActTokenKind kind,
    const ActShownExample *example, guint width, GString *out)
{
  guint peak = act_shown_example_get_peak (example);
  g_autoptr (GArray) pieces = make_pieces (kind, example, peak);
  guint centre = 0, first, end;

  width -= MIN (width, screen->colours ? 0 : N_MARKS);
  while (!g_array_index (pieces, Piece, centre).has_peak)
    centre++;
  find_window (pieces, centre, width, &first, &end);
  for (guint i = first; i < end; i++)
    append_piece (screen, &g_array_index (pieces, Piece, i),
        example->values[peak], width, out);
}
