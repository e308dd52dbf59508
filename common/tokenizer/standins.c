/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tokenizer/charclass.h"
#include "tokenizer/stage.h"

gunichar
act_byte_stand_in (guint8 byte)
{
  gunichar next = 0x100;

  for (guint i = 0; i < 256; i++) {
    gboolean itself =
        (i >= '!' && i <= '~') || (i >= 0xa1 && i <= 0xff && i != 0xad);

    if (i == byte)
      return itself ? i : next;
    if (!itself)
      next++;
  }
  return 0;
}

#define LAST_STAND_IN 0x143

/* stand-in of each byte as UTF-8, and the byte of each stand-in */
typedef struct {
  char utf8[256][2];
  guint8 length[256];
  gint16 byte[LAST_STAND_IN + 1];
} StandIns;

static const StandIns *
stand_ins (void)
{
  static StandIns *table;

  if (g_once_init_enter (&table)) {
    StandIns *made = g_new0 (StandIns, 1);

    for (guint c = 0; c <= LAST_STAND_IN; c++)
      made->byte[c] = -1;
    for (guint i = 0; i < 256; i++) {
      gunichar c = act_byte_stand_in ((guint8) i);

      made->length[i] = (guint8) g_unichar_to_utf8 (c, made->utf8[i]);
      made->byte[c] = (gint16) i;
    }
    g_once_init_leave (&table, made);
  }
  return table;
}

int
act_byte_of_stand_in (gunichar c)
{
  return c <= LAST_STAND_IN ? stand_ins ()->byte[c] : -1;
}

void
act_byte_stand_ins_append (GString *out, const char *bytes, gsize length)
{
  const StandIns *table = stand_ins ();

  for (gsize i = 0; i < length; i++) {
    guint8 byte = (guint8) bytes[i];

    g_string_append_len (out, table->utf8[byte], table->length[byte]);
  }
}
