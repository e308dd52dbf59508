/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/picklemachine.h"

#include <string.h>

#include "acterror.h"

gboolean
act_pickle_machine_fail (
    const ActPickleMachine *m, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s': byte %" G_GSIZE_FORMAT " of its pickle: %s", m->where, m->at,
      what);
  return FALSE;
}

ActPickleValue *
act_pickle_machine_push (ActPickleMachine *m, ActPickleKind kind)
{
  ActPickleValue *value = g_new0 (ActPickleValue, 1);

  value->kind = kind;
  g_ptr_array_add (m->pickle->values, value);
  g_ptr_array_add (m->stack, value);
  return value;
}

ActPickleValue *
act_pickle_machine_pop (ActPickleMachine *m)
{
  ActPickleValue *value =
      m->stack->len > 0 ? m->stack->pdata[m->stack->len - 1] : NULL;

  if (value == NULL || value->kind == ACT_PICKLE_MARK)
    return NULL;
  g_ptr_array_set_size (m->stack, (gint) m->stack->len - 1);
  return value;
}

gboolean
act_pickle_machine_underflow (const ActPickleMachine *m, GError **error)
{
  return act_pickle_machine_fail (m, error, "there is too little on its stack");
}

const guint8 *
act_pickle_machine_take (ActPickleMachine *m, guint64 n, GError **error)
{
  const guint8 *bytes = m->data + m->at;

  if (n > m->size - m->at) {
    act_pickle_machine_fail (m, error,
        "it is cut off, %" G_GUINT64_FORMAT " more bytes are expected", n);
    return NULL;
  }
  m->at += n;
  return bytes;
}

gboolean
act_pickle_machine_take_number (
    ActPickleMachine *m, guint n_bytes, guint64 *number, GError **error)
{
  const guint8 *bytes = act_pickle_machine_take (m, n_bytes, error);

  *number = 0;
  if (bytes == NULL)
    return FALSE;
  memcpy (number, bytes, n_bytes);
  *number = GUINT64_FROM_LE (*number);
  return TRUE;
}

gboolean
act_pickle_machine_find_mark (
    const ActPickleMachine *m, guint *mark, GError **error)
{
  for (guint i = m->stack->len; i-- > 0;) {
    if (((ActPickleValue *) m->stack->pdata[i])->kind == ACT_PICKLE_MARK) {
      *mark = i;
      return TRUE;
    }
  }
  return act_pickle_machine_fail (m, error, "there is no mark on its stack");
}

void
act_pickle_machine_move_items (
    ActPickleMachine *m, guint index, ActPickleValue *to)
{
  if (to->items == NULL && index < m->stack->len)
    to->items = g_ptr_array_new ();
  for (guint i = index; i < m->stack->len; i++)
    g_ptr_array_add (to->items, m->stack->pdata[i]);
  g_ptr_array_set_size (m->stack, (gint) index);
}
