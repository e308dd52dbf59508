/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "formats/json.h"
#include "viewer/numbers.h"

/* two pairs of quotes and a colon */
#define MARKS 5
/* "\u0120" for the two bytes of a character, or one that is a control */
#define ESCAPED_BYTE 3
#define ESCAPED_CONTROL 6

void
act_dictionary_init (ActDictionary *self, const ActStrings *strings)
{
  self->strings = strings;
  self->turn = 1;
  self->turn_of = g_new0 (guint32, (gsize) act_strings_get_n (strings) + 1);
  self->numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
}

void
act_dictionary_clear (ActDictionary *self)
{
  g_clear_pointer (&self->turn_of, g_free);
  g_clear_pointer (&self->numbers, g_array_unref);
}

static gsize
size_of (const ActDictionary *self, guint32 number)
{
  gsize length, size = MARKS;
  const char *string = act_strings_get (self->strings, number, &length);

  for (gsize i = 0; i < length; i++) {
    guint8 byte = string[i];

    size += byte < 0x20 ? ESCAPED_CONTROL : byte < 0x7f ? 1 : ESCAPED_BYTE;
  }
  return size + act_number_size (number);
}

gsize
act_dictionary_add (ActDictionary *self, const guint32 *numbers, gsize n)
{
  gsize size = 0;

  for (gsize i = 0; i < n; i++) {
    if (self->turn_of[numbers[i]] == self->turn)
      continue;
    self->turn_of[numbers[i]] = self->turn;
    g_array_append_val (self->numbers, numbers[i]);
    size += size_of (self, numbers[i]);
  }
  return size;
}

void
act_dictionary_restart (ActDictionary *self)
{
  self->turn++;
  g_array_set_size (self->numbers, 0);
}

static int
compare_numbers (const void *a, const void *b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

void
act_dictionary_take (ActDictionary *self, GString *out)
{
  guint32 *numbers = (guint32 *) self->numbers->data;

  if (self->numbers->len > 1)
    qsort (numbers, self->numbers->len, sizeof *numbers, compare_numbers);
  g_string_append_c (out, '{');
  for (guint i = 0; i < self->numbers->len; i++) {
    gsize length;
    const char *string = act_strings_get (self->strings, numbers[i], &length);

    g_string_append (out, i > 0 ? ",\"" : "\"");
    act_append_uint (out, numbers[i]);
    g_string_append (out, "\":\"");
    act_json_escape (out, string, length);
    g_string_append_c (out, '"');
  }
  g_string_append_c (out, '}');
  act_dictionary_restart (self);
}

gsize
act_dictionary_get_longest (const ActDictionary *self)
{
  gsize longest = 0;

  for (guint i = 0; i < act_strings_get_n (self->strings); i++)
    longest = MAX (longest, size_of (self, i));
  return longest;
}
