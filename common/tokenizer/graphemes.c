/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/graphemes.h"

#include <string.h>

#include "tokenizer/charclass.h"

typedef struct {
  guint32 first, last;
  guint8 class;
} GraphemeRange;

#include "graphemes_table.h"

/* Hangul syllables are in the order of their parts: 28 for each of their first
 * two, of which the first has no third part */
#define FIRST_SYLLABLE 0xac00
#define LAST_SYLLABLE 0xd7a3
#define N_THIRD 28

const guint8 *
act_grapheme_classes (void)
{
  static guint8 *classes;

  if (g_once_init_enter (&classes)) {
    guint8 *made = g_malloc0 (0x110000);

    for (gsize i = 0; i < G_N_ELEMENTS (grapheme_ranges); i++)
      memset (made + grapheme_ranges[i].first, grapheme_ranges[i].class,
          grapheme_ranges[i].last - grapheme_ranges[i].first + 1);
    for (guint32 c = FIRST_SYLLABLE; c <= LAST_SYLLABLE; c++)
      made[c] = (c - FIRST_SYLLABLE) % N_THIRD == 0 ? ACT_GRAPHEME_LV
                                                    : ACT_GRAPHEME_LVT;
    g_once_init_leave (&classes, made);
  }
  return classes;
}

/* what the rules look at besides the last character */
typedef struct {
  ActGraphemeClass last;
  guint pictograph; /* 1: behind one and what extends it, 2: and a ZWJ */
  guint consonant;  /* 1: behind one and what extends it, 2: and a linker */
  gboolean odd;     /* regional indicators at the end */
} State;

static void
advance (State *state, ActGraphemeClass class)
{
  gboolean extends =
      class == ACT_GRAPHEME_EXTEND || class == ACT_GRAPHEME_LINKER;

  if (class == ACT_GRAPHEME_PICTOGRAPH)
    state->pictograph = 1;
  else if (class == ACT_GRAPHEME_ZWJ && state->pictograph == 1)
    state->pictograph = 2;
  else if (!extends || state->pictograph != 1)
    state->pictograph = 0;
  if (class == ACT_GRAPHEME_CONSONANT)
    state->consonant = 1;
  else if (class == ACT_GRAPHEME_LINKER && state->consonant > 0)
    state->consonant = 2;
  else if (!extends && class != ACT_GRAPHEME_ZWJ)
    state->consonant = 0;
  state->odd = class == ACT_GRAPHEME_REGIONAL && !state->odd;
  state->last = class;
}

/* GB6 to GB8 */
static gboolean
is_syllable (ActGraphemeClass last, ActGraphemeClass next)
{
  switch (last) {
  case ACT_GRAPHEME_L:
    return next == ACT_GRAPHEME_L || next == ACT_GRAPHEME_V
        || next == ACT_GRAPHEME_LV || next == ACT_GRAPHEME_LVT;
  case ACT_GRAPHEME_LV:
  case ACT_GRAPHEME_V:
    return next == ACT_GRAPHEME_V || next == ACT_GRAPHEME_T;
  case ACT_GRAPHEME_LVT:
  case ACT_GRAPHEME_T:
    return next == ACT_GRAPHEME_T;
  default:
    return FALSE;
  }
}

/* whether there is no boundary before the next character */
static gboolean
joins (const State *state, ActGraphemeClass next)
{
  switch (state->last) {
  case ACT_GRAPHEME_CR:
    return next == ACT_GRAPHEME_LF;
  case ACT_GRAPHEME_LF:
  case ACT_GRAPHEME_CONTROL:
    return FALSE;
  default:
    break;
  }
  switch (next) {
  case ACT_GRAPHEME_CR:
  case ACT_GRAPHEME_LF:
  case ACT_GRAPHEME_CONTROL:
    return FALSE;
  case ACT_GRAPHEME_EXTEND:
  case ACT_GRAPHEME_LINKER:
  case ACT_GRAPHEME_ZWJ:
  case ACT_GRAPHEME_SPACING_MARK:
    return TRUE;
  case ACT_GRAPHEME_CONSONANT:
    return state->consonant == 2 || state->last == ACT_GRAPHEME_PREPEND;
  case ACT_GRAPHEME_PICTOGRAPH:
    return state->pictograph == 2 || state->last == ACT_GRAPHEME_PREPEND;
  case ACT_GRAPHEME_REGIONAL:
    return state->odd || state->last == ACT_GRAPHEME_PREPEND;
  default:
    return state->last == ACT_GRAPHEME_PREPEND
        || is_syllable (state->last, next);
  }
}

gsize
act_grapheme_length (const guint8 *classes, const char *text, gsize length)
{
  const guint8 *p = (const guint8 *) text, *end = p + length;
  State state = { 0 };

  advance (&state, classes[act_utf8_next (&p)]);
  while (p < end) {
    const guint8 *next = p;
    ActGraphemeClass class = classes[act_utf8_next (&next)];

    if (!joins (&state, class))
      break;
    advance (&state, class);
    p = next;
  }
  return (gsize) (p - (const guint8 *) text);
}
