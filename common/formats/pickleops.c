/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations of a pickle do, as far as a state dict of tensors has use
 * for them: the table at the end has them all. */
#include "formats/picklemachine.h"

#include <string.h>

#include "acterror.h"

#define MAX_PROTOCOL 5

static gboolean
push_tuple (ActPickleMachine *m, guint n, GError **error)
{
  ActPickleValue *values[3], *tuple;

  for (guint i = n; i-- > 0;) {
    values[i] = act_pickle_machine_pop (m);
    if (values[i] == NULL)
      return act_pickle_machine_underflow (m, error);
  }
  tuple = act_pickle_machine_push (m, ACT_PICKLE_TUPLE);
  tuple->items = g_ptr_array_sized_new (n);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (tuple->items, values[i]);
  return TRUE;
}

static gboolean
push_text (ActPickleMachine *m, guint length_size, GError **error)
{
  guint64 length;
  const guint8 *bytes;

  if (!act_pickle_machine_take_number (m, length_size, &length, error))
    return FALSE;
  bytes = act_pickle_machine_take (m, length, error);
  if (bytes == NULL)
    return FALSE;
  /* this refuses U+0000 too */
  if (!g_utf8_validate_len ((const char *) bytes, length, NULL))
    return act_pickle_machine_fail (m, error, "a string is no UTF-8");
  act_pickle_machine_push (m, ACT_PICKLE_STRING)->text =
      g_strndup ((const char *) bytes, length);
  return TRUE;
}

static gboolean
push_integer (ActPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 number;

  if (!act_pickle_machine_take_number (m, n_bytes, &number, error))
    return FALSE;
  /* one or two bytes have no sign, four have */
  act_pickle_machine_push (m, ACT_PICKLE_INT)->integer =
      n_bytes == 4 ? (gint64) (gint32) (guint32) number : (gint64) number;
  return TRUE;
}

static gboolean
push_memo (ActPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 key;

  if (!act_pickle_machine_take_number (m, n_bytes, &key, error))
    return FALSE;
  if (key >= m->memo->len)
    return act_pickle_machine_fail (
        m, error, "there is nothing at %" G_GUINT64_FORMAT " in its memo", key);
  g_ptr_array_add (m->stack, m->memo->pdata[key]);
  return TRUE;
}

static gboolean
set_memo (ActPickleMachine *m, guint64 key, GError **error)
{
  ActPickleValue *top =
      m->stack->len > 0 ? m->stack->pdata[m->stack->len - 1] : NULL;

  if (top == NULL || top->kind == ACT_PICKLE_MARK)
    return act_pickle_machine_underflow (m, error);
  if (key > m->memo->len || key == ACT_PICKLE_MAX_VALUES)
    return act_pickle_machine_fail (m, error,
        "it puts %" G_GUINT64_FORMAT " into its memo, expected at most %u", key,
        MIN (m->memo->len, ACT_PICKLE_MAX_VALUES - 1));
  if (key == m->memo->len)
    g_ptr_array_add (m->memo, top);
  m->memo->pdata[key] = top;
  return TRUE;
}

static gboolean
put_memo (ActPickleMachine *m, guint n_bytes, GError **error)
{
  guint64 key;

  return act_pickle_machine_take_number (m, n_bytes, &key, error)
      && set_memo (m, key, error);
}

static gboolean
push_name (ActPickleMachine *m, char *name, GError **error)
{
  if (!g_strv_contains (m->names, name)) {
    g_autofree char *shown = g_utf8_make_valid (name, -1);

    g_free (name);
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': its pickle refers to '%s', which has no place in a state dict "
        "of tensors",
        m->where, shown);
    return FALSE;
  }
  act_pickle_machine_push (m, ACT_PICKLE_NAME)->text = name;
  return TRUE;
}

/* the operations, in the table's order */

static gboolean
op_proto (ActPickleMachine *m, GError **error)
{
  guint64 protocol;

  if (!act_pickle_machine_take_number (m, 1, &protocol, error))
    return FALSE;
  if (protocol <= MAX_PROTOCOL)
    return TRUE;
  return act_pickle_machine_fail (m, error,
      "it says protocol %" G_GUINT64_FORMAT ", expected at most %d", protocol,
      MAX_PROTOCOL);
}

/* frames only say how much to read at once */
static gboolean
op_frame (ActPickleMachine *m, GError **error)
{
  return act_pickle_machine_take (m, 8, error) != NULL;
}

static gboolean
op_stop (ActPickleMachine *m, GError **error)
{
  m->pickle->root = act_pickle_machine_pop (m);
  if (m->pickle->root == NULL)
    return act_pickle_machine_underflow (m, error);
  if (m->stack->len > 0 || m->at != m->size)
    return act_pickle_machine_fail (m, error, "it goes on where it should end");
  m->stopped = TRUE;
  return TRUE;
}

static gboolean
op_mark (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_MARK);
  return TRUE;
}

static gboolean
op_none (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_NONE);
  return TRUE;
}

static gboolean
op_true (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_BOOL)->integer = TRUE;
  return TRUE;
}

static gboolean
op_false (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_BOOL);
  return TRUE;
}

static gboolean
op_binint (ActPickleMachine *m, GError **error)
{
  return push_integer (m, 4, error);
}

static gboolean
op_binint1 (ActPickleMachine *m, GError **error)
{
  return push_integer (m, 1, error);
}

static gboolean
op_binint2 (ActPickleMachine *m, GError **error)
{
  return push_integer (m, 2, error);
}

/* a length, and so many bytes of two's complement */
static gboolean
op_long1 (ActPickleMachine *m, GError **error)
{
  guint64 n, bits;
  guint unused;

  if (!act_pickle_machine_take_number (m, 1, &n, error))
    return FALSE;
  if (n > 8)
    return act_pickle_machine_fail (m, error, "a number has more than 64 bits");
  if (!act_pickle_machine_take_number (m, n, &bits, error))
    return FALSE;
  unused = 64 - 8 * (guint) n;
  act_pickle_machine_push (m, ACT_PICKLE_INT)->integer =
      n == 0 ? 0 : (gint64) (bits << unused) >> unused;
  return TRUE;
}

static gboolean
op_binfloat (ActPickleMachine *m, GError **error)
{
  guint64 bits;

  if (!act_pickle_machine_take_number (m, 8, &bits, error))
    return FALSE;
  bits = GUINT64_SWAP_LE_BE (bits); /* the one number that is big-endian */
  memcpy (&act_pickle_machine_push (m, ACT_PICKLE_FLOAT)->number, &bits, 8);
  return TRUE;
}

static gboolean
op_binunicode (ActPickleMachine *m, GError **error)
{
  return push_text (m, 4, error);
}

static gboolean
op_short_binunicode (ActPickleMachine *m, GError **error)
{
  return push_text (m, 1, error);
}

static gboolean
op_empty_tuple (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_TUPLE);
  return TRUE;
}

static gboolean
op_tuple1 (ActPickleMachine *m, GError **error)
{
  return push_tuple (m, 1, error);
}

static gboolean
op_tuple2 (ActPickleMachine *m, GError **error)
{
  return push_tuple (m, 2, error);
}

static gboolean
op_tuple3 (ActPickleMachine *m, GError **error)
{
  return push_tuple (m, 3, error);
}

static gboolean
op_tuple (ActPickleMachine *m, GError **error)
{
  ActPickleValue *tuple;
  guint mark = 0;

  if (!act_pickle_machine_find_mark (m, &mark, error))
    return FALSE;
  /* the mark's value becomes the tuple: it lies where that belongs */
  tuple = m->stack->pdata[mark];
  act_pickle_machine_move_items (m, mark + 1, tuple);
  tuple->kind = ACT_PICKLE_TUPLE;
  return TRUE;
}

static gboolean
op_empty_list (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_LIST);
  return TRUE;
}

static gboolean
op_empty_dict (ActPickleMachine *m, GError **error)
{
  act_pickle_machine_push (m, ACT_PICKLE_DICT);
  return TRUE;
}

/* What lies above index goes into the container below (or below the mark). A
 * call is filled with pairs alone: whoever reads it takes two at a time. */
static gboolean
fill (ActPickleMachine *m, guint index, gboolean mark, gboolean pairs,
    GError **error)
{
  ActPickleValue *to =
      index > (mark ? 1 : 0) ? m->stack->pdata[index - (mark ? 2 : 1)] : NULL;
  guint n = m->stack->len - index;

  if (to == NULL || (pairs && n % 2 != 0))
    return act_pickle_machine_underflow (m, error);
  for (guint i = index; i < m->stack->len; i++)
    if (((ActPickleValue *) m->stack->pdata[i])->kind == ACT_PICKLE_MARK)
      return act_pickle_machine_underflow (m, error);
  if (to->kind != (pairs ? ACT_PICKLE_DICT : ACT_PICKLE_LIST)
      && !(pairs && to->kind == ACT_PICKLE_CALL))
    return act_pickle_machine_fail (
        m, error, "items are put into %s", act_pickle_kind_name (to->kind));
  act_pickle_machine_move_items (m, index, to);
  g_ptr_array_set_size (m->stack, (gint) (index - (mark ? 1 : 0)));
  return TRUE;
}

static gboolean
op_append (ActPickleMachine *m, GError **error)
{
  if (m->stack->len < 2)
    return act_pickle_machine_underflow (m, error);
  return fill (m, m->stack->len - 1, FALSE, FALSE, error);
}

static gboolean
op_appends (ActPickleMachine *m, GError **error)
{
  guint mark = 0;

  return act_pickle_machine_find_mark (m, &mark, error)
      && fill (m, mark + 1, TRUE, FALSE, error);
}

static gboolean
op_setitem (ActPickleMachine *m, GError **error)
{
  if (m->stack->len < 3)
    return act_pickle_machine_underflow (m, error);
  return fill (m, m->stack->len - 2, FALSE, TRUE, error);
}

static gboolean
op_setitems (ActPickleMachine *m, GError **error)
{
  guint mark = 0;

  return act_pickle_machine_find_mark (m, &mark, error)
      && fill (m, mark + 1, TRUE, TRUE, error);
}

/* two lines of text: module and name */
static gboolean
op_global (ActPickleMachine *m, GError **error)
{
  const guint8 *begin = m->data + m->at, *ends[2], *next = begin;
  gsize left = m->size - m->at;

  for (guint i = 0; i < 2; i++) {
    ends[i] = memchr (next, '\n', left);
    if (ends[i] == NULL || memchr (next, 0, ends[i] - next) != NULL)
      return act_pickle_machine_fail (m, error, "a name is cut off");
    left -= ends[i] + 1 - next;
    next = ends[i] + 1;
  }
  m->at += next - begin;
  return push_name (m,
      g_strdup_printf ("%.*s.%.*s", (int) (ends[0] - begin), begin,
          (int) (ends[1] - ends[0] - 1), ends[0] + 1),
      error);
}

static gboolean
op_stack_global (ActPickleMachine *m, GError **error)
{
  ActPickleValue *name = act_pickle_machine_pop (m),
                 *module = name != NULL ? act_pickle_machine_pop (m) : NULL;

  if (module == NULL)
    return act_pickle_machine_underflow (m, error);
  if (name->kind != ACT_PICKLE_STRING || module->kind != ACT_PICKLE_STRING)
    return act_pickle_machine_fail (m, error, "a name is no string");
  return push_name (
      m, g_strdup_printf ("%s.%s", module->text, name->text), error);
}

static gboolean
op_reduce (ActPickleMachine *m, GError **error)
{
  ActPickleValue *args = act_pickle_machine_pop (m),
                 *callee = args != NULL ? act_pickle_machine_pop (m) : NULL;
  ActPickleValue *call;

  if (callee == NULL)
    return act_pickle_machine_underflow (m, error);
  if (callee->kind != ACT_PICKLE_NAME || args->kind != ACT_PICKLE_TUPLE)
    return act_pickle_machine_fail (m, error, "%s is called with %s",
        act_pickle_kind_name (callee->kind), act_pickle_kind_name (args->kind));
  call = act_pickle_machine_push (m, ACT_PICKLE_CALL);
  call->callee = callee;
  call->value = args;
  return TRUE;
}

/* Sets attributes of what a call gives; a state dict has its modules' version
 * numbers there, which mean nothing here. */
static gboolean
op_build (ActPickleMachine *m, GError **error)
{
  ActPickleValue *state = act_pickle_machine_pop (m);
  ActPickleValue *to = state != NULL ? act_pickle_machine_pop (m) : NULL;

  if (to == NULL)
    return act_pickle_machine_underflow (m, error);
  if (to->kind != ACT_PICKLE_CALL)
    return act_pickle_machine_fail (
        m, error, "attributes are set of %s", act_pickle_kind_name (to->kind));
  g_ptr_array_add (m->stack, to);
  return TRUE;
}

static gboolean
op_binpersid (ActPickleMachine *m, GError **error)
{
  ActPickleValue *id = act_pickle_machine_pop (m);

  if (id == NULL)
    return act_pickle_machine_underflow (m, error);
  act_pickle_machine_push (m, ACT_PICKLE_PERSISTENT)->value = id;
  return TRUE;
}

static gboolean
op_binput (ActPickleMachine *m, GError **error)
{
  return put_memo (m, 1, error);
}

static gboolean
op_long_binput (ActPickleMachine *m, GError **error)
{
  return put_memo (m, 4, error);
}

static gboolean
op_memoize (ActPickleMachine *m, GError **error)
{
  return set_memo (m, m->memo->len, error);
}

static gboolean
op_binget (ActPickleMachine *m, GError **error)
{
  return push_memo (m, 1, error);
}

static gboolean
op_long_binget (ActPickleMachine *m, GError **error)
{
  return push_memo (m, 4, error);
}

static const struct {
  guint8 code;
  ActPickleOperation run;
} operations[] = {
  { 0x80, op_proto },
  { 0x95, op_frame },
  { '.', op_stop },
  { '(', op_mark },
  { 'N', op_none },
  { 0x88, op_true },
  { 0x89, op_false },
  { 'J', op_binint },
  { 'K', op_binint1 },
  { 'M', op_binint2 },
  { 0x8a, op_long1 },
  { 'G', op_binfloat },
  { 'X', op_binunicode },
  { 0x8c, op_short_binunicode },
  { ')', op_empty_tuple },
  { 0x85, op_tuple1 },
  { 0x86, op_tuple2 },
  { 0x87, op_tuple3 },
  { 't', op_tuple },
  { ']', op_empty_list },
  { '}', op_empty_dict },
  { 'a', op_append },
  { 'e', op_appends },
  { 's', op_setitem },
  { 'u', op_setitems },
  { 'c', op_global },
  { 0x93, op_stack_global },
  { 'R', op_reduce },
  { 'b', op_build },
  { 'Q', op_binpersid },
  { 'q', op_binput },
  { 'r', op_long_binput },
  { 0x94, op_memoize },
  { 'h', op_binget },
  { 'j', op_long_binget },
};

ActPickleOperation
act_pickle_operation_find (guint8 code)
{
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    if (operations[i].code == code)
      return operations[i].run;
  return NULL;
}
