/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/pickle.h"

#include <string.h>

#include "acterror.h"

/* A pickle is a program for a machine with a stack and a memo. Each operation
 * is a byte, with what belongs to it behind; the table at the end of this file
 * has those that there are here. An operation makes one value at most, and
 * there are MAX_VALUES of them at most, some hundred bytes each; values belong
 * to the machine and are freed with it, however they hold each other.
 *
 * The memo is an array: Python numbers what it remembers from 0 on. A hash
 * table's time would be up to who chose the keys. */

#define MAX_SIZE ((gsize) 16 << 20)
#define MAX_VALUES (1u << 20) /* a tensor takes about 25 */
#define MAX_PROTOCOL 5

struct _ActPickle {
  GPtrArray *values; /* owns all of them */
  ActPickleValue *root;
};

typedef struct {
  ActPickle *pickle;
  const char *where;
  const char *const *names;
  const guint8 *data;
  gsize size, at;
  GPtrArray *stack;
  GPtrArray *memo;
  gboolean stopped;
} Machine;

typedef gboolean (*Operation) (Machine *m, GError **error);

static gboolean G_GNUC_PRINTF (3, 4)
    fail (const Machine *m, GError **error, const char *format, ...)
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

static void
value_free (gpointer data)
{
  ActPickleValue *value = data;

  g_clear_pointer (&value->items, g_ptr_array_unref);
  g_free (value->text);
  g_free (value);
}

/* a new value, on the stack */
static ActPickleValue *
push (Machine *m, ActPickleKind kind)
{
  ActPickleValue *value = g_new0 (ActPickleValue, 1);

  value->kind = kind;
  g_ptr_array_add (m->pickle->values, value);
  g_ptr_array_add (m->stack, value);
  return value;
}

/* NULL: there is none, or a mark */
static ActPickleValue *
pop (Machine *m)
{
  ActPickleValue *value =
      m->stack->len > 0 ? m->stack->pdata[m->stack->len - 1] : NULL;

  if (value == NULL || value->kind == ACT_PICKLE_MARK)
    return NULL;
  g_ptr_array_set_size (m->stack, (gint) m->stack->len - 1);
  return value;
}

static gboolean
underflow (const Machine *m, GError **error)
{
  return fail (m, error, "there is too little on its stack");
}

/* n bytes that belong to the operation, NULL: it is cut off */
static const guint8 *
take (Machine *m, guint64 n, GError **error)
{
  const guint8 *bytes = m->data + m->at;

  if (n > m->size - m->at) {
    fail (m, error,
        "it is cut off, %" G_GUINT64_FORMAT " more bytes are expected", n);
    return NULL;
  }
  m->at += n;
  return bytes;
}

static gboolean
take_number (Machine *m, guint n_bytes, guint64 *number, GError **error)
{
  const guint8 *bytes = take (m, n_bytes, error);

  *number = 0;
  if (bytes == NULL)
    return FALSE;
  memcpy (number, bytes, n_bytes);
  *number = GUINT64_FROM_LE (*number);
  return TRUE;
}

/* the stack's index of the topmost mark */
static gboolean
find_mark (const Machine *m, guint *mark, GError **error)
{
  for (guint i = m->stack->len; i-- > 0;) {
    if (((ActPickleValue *) m->stack->pdata[i])->kind == ACT_PICKLE_MARK) {
      *mark = i;
      return TRUE;
    }
  }
  return fail (m, error, "there is no mark on its stack");
}

/* what lies above index moves into a value */
static void
move_items (Machine *m, guint index, ActPickleValue *to)
{
  if (to->items == NULL && index < m->stack->len)
    to->items = g_ptr_array_new ();
  for (guint i = index; i < m->stack->len; i++)
    g_ptr_array_add (to->items, m->stack->pdata[i]);
  g_ptr_array_set_size (m->stack, (gint) index);
}

static gboolean
push_tuple (Machine *m, guint n, GError **error)
{
  ActPickleValue *values[3], *tuple;

  for (guint i = n; i-- > 0;) {
    values[i] = pop (m);
    if (values[i] == NULL)
      return underflow (m, error);
  }
  tuple = push (m, ACT_PICKLE_TUPLE);
  tuple->items = g_ptr_array_sized_new (n);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (tuple->items, values[i]);
  return TRUE;
}

static gboolean
push_text (Machine *m, guint length_size, GError **error)
{
  guint64 length;
  const guint8 *bytes;

  if (!take_number (m, length_size, &length, error))
    return FALSE;
  bytes = take (m, length, error);
  if (bytes == NULL)
    return FALSE;
  /* this refuses U+0000 too */
  if (!g_utf8_validate_len ((const char *) bytes, length, NULL))
    return fail (m, error, "a string is no UTF-8");
  push (m, ACT_PICKLE_STRING)->text = g_strndup ((const char *) bytes, length);
  return TRUE;
}

static gboolean
push_integer (Machine *m, guint n_bytes, GError **error)
{
  guint64 number;

  if (!take_number (m, n_bytes, &number, error))
    return FALSE;
  /* one or two bytes have no sign, four have */
  push (m, ACT_PICKLE_INT)->integer =
      n_bytes == 4 ? (gint64) (gint32) (guint32) number : (gint64) number;
  return TRUE;
}

static gboolean
push_memo (Machine *m, guint n_bytes, GError **error)
{
  guint64 key;

  if (!take_number (m, n_bytes, &key, error))
    return FALSE;
  if (key >= m->memo->len)
    return fail (
        m, error, "there is nothing at %" G_GUINT64_FORMAT " in its memo", key);
  g_ptr_array_add (m->stack, m->memo->pdata[key]);
  return TRUE;
}

static gboolean
set_memo (Machine *m, guint64 key, GError **error)
{
  ActPickleValue *top =
      m->stack->len > 0 ? m->stack->pdata[m->stack->len - 1] : NULL;

  if (top == NULL || top->kind == ACT_PICKLE_MARK)
    return underflow (m, error);
  if (key > m->memo->len || key == MAX_VALUES)
    return fail (m, error,
        "it puts %" G_GUINT64_FORMAT " into its memo, expected at most %u", key,
        MIN (m->memo->len, MAX_VALUES - 1));
  if (key == m->memo->len)
    g_ptr_array_add (m->memo, top);
  m->memo->pdata[key] = top;
  return TRUE;
}

static gboolean
put_memo (Machine *m, guint n_bytes, GError **error)
{
  guint64 key;

  return take_number (m, n_bytes, &key, error) && set_memo (m, key, error);
}

static gboolean
push_name (Machine *m, char *name, GError **error)
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
  push (m, ACT_PICKLE_NAME)->text = name;
  return TRUE;
}

/* the operations, in the table's order */

static gboolean
op_proto (Machine *m, GError **error)
{
  guint64 protocol;

  if (!take_number (m, 1, &protocol, error))
    return FALSE;
  if (protocol <= MAX_PROTOCOL)
    return TRUE;
  return fail (m, error,
      "it says protocol %" G_GUINT64_FORMAT ", expected at most %d", protocol,
      MAX_PROTOCOL);
}

/* frames only say how much to read at once */
static gboolean
op_frame (Machine *m, GError **error)
{
  return take (m, 8, error) != NULL;
}

static gboolean
op_stop (Machine *m, GError **error)
{
  m->pickle->root = pop (m);
  if (m->pickle->root == NULL)
    return underflow (m, error);
  if (m->stack->len > 0 || m->at != m->size)
    return fail (m, error, "it goes on where it should end");
  m->stopped = TRUE;
  return TRUE;
}

static gboolean
op_mark (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_MARK);
  return TRUE;
}

static gboolean
op_none (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_NONE);
  return TRUE;
}

static gboolean
op_true (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_BOOL)->integer = TRUE;
  return TRUE;
}

static gboolean
op_false (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_BOOL);
  return TRUE;
}

static gboolean
op_binint (Machine *m, GError **error)
{
  return push_integer (m, 4, error);
}

static gboolean
op_binint1 (Machine *m, GError **error)
{
  return push_integer (m, 1, error);
}

static gboolean
op_binint2 (Machine *m, GError **error)
{
  return push_integer (m, 2, error);
}

/* a length, and so many bytes of two's complement */
static gboolean
op_long1 (Machine *m, GError **error)
{
  guint64 n, bits;
  guint unused;

  if (!take_number (m, 1, &n, error))
    return FALSE;
  if (n > 8)
    return fail (m, error, "a number has more than 64 bits");
  if (!take_number (m, n, &bits, error))
    return FALSE;
  unused = 64 - 8 * (guint) n;
  push (m, ACT_PICKLE_INT)->integer =
      n == 0 ? 0 : (gint64) (bits << unused) >> unused;
  return TRUE;
}

static gboolean
op_binfloat (Machine *m, GError **error)
{
  guint64 bits;

  if (!take_number (m, 8, &bits, error))
    return FALSE;
  bits = GUINT64_SWAP_LE_BE (bits); /* the one number that is big-endian */
  memcpy (&push (m, ACT_PICKLE_FLOAT)->number, &bits, 8);
  return TRUE;
}

static gboolean
op_binunicode (Machine *m, GError **error)
{
  return push_text (m, 4, error);
}

static gboolean
op_short_binunicode (Machine *m, GError **error)
{
  return push_text (m, 1, error);
}

static gboolean
op_empty_tuple (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_TUPLE);
  return TRUE;
}

static gboolean
op_tuple1 (Machine *m, GError **error)
{
  return push_tuple (m, 1, error);
}

static gboolean
op_tuple2 (Machine *m, GError **error)
{
  return push_tuple (m, 2, error);
}

static gboolean
op_tuple3 (Machine *m, GError **error)
{
  return push_tuple (m, 3, error);
}

static gboolean
op_tuple (Machine *m, GError **error)
{
  ActPickleValue *tuple;
  guint mark = 0;

  if (!find_mark (m, &mark, error))
    return FALSE;
  /* the mark's value becomes the tuple: it lies where that belongs */
  tuple = m->stack->pdata[mark];
  move_items (m, mark + 1, tuple);
  tuple->kind = ACT_PICKLE_TUPLE;
  return TRUE;
}

static gboolean
op_empty_list (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_LIST);
  return TRUE;
}

static gboolean
op_empty_dict (Machine *m, GError **error)
{
  push (m, ACT_PICKLE_DICT);
  return TRUE;
}

/* What lies above index goes into the container below (or below the mark). A
 * call is filled with pairs alone: whoever reads it takes two at a time. */
static gboolean
fill (Machine *m, guint index, gboolean mark, gboolean pairs, GError **error)
{
  ActPickleValue *to =
      index > (mark ? 1 : 0) ? m->stack->pdata[index - (mark ? 2 : 1)] : NULL;
  guint n = m->stack->len - index;

  if (to == NULL || (pairs && n % 2 != 0))
    return underflow (m, error);
  for (guint i = index; i < m->stack->len; i++)
    if (((ActPickleValue *) m->stack->pdata[i])->kind == ACT_PICKLE_MARK)
      return underflow (m, error);
  if (to->kind != (pairs ? ACT_PICKLE_DICT : ACT_PICKLE_LIST)
      && !(pairs && to->kind == ACT_PICKLE_CALL))
    return fail (
        m, error, "items are put into %s", act_pickle_kind_name (to->kind));
  move_items (m, index, to);
  g_ptr_array_set_size (m->stack, (gint) (index - (mark ? 1 : 0)));
  return TRUE;
}

static gboolean
op_append (Machine *m, GError **error)
{
  if (m->stack->len < 2)
    return underflow (m, error);
  return fill (m, m->stack->len - 1, FALSE, FALSE, error);
}

static gboolean
op_appends (Machine *m, GError **error)
{
  guint mark = 0;

  return find_mark (m, &mark, error) && fill (m, mark + 1, TRUE, FALSE, error);
}

static gboolean
op_setitem (Machine *m, GError **error)
{
  if (m->stack->len < 3)
    return underflow (m, error);
  return fill (m, m->stack->len - 2, FALSE, TRUE, error);
}

static gboolean
op_setitems (Machine *m, GError **error)
{
  guint mark = 0;

  return find_mark (m, &mark, error) && fill (m, mark + 1, TRUE, TRUE, error);
}

/* two lines of text: module and name */
static gboolean
op_global (Machine *m, GError **error)
{
  const guint8 *begin = m->data + m->at, *ends[2], *next = begin;
  gsize left = m->size - m->at;

  for (guint i = 0; i < 2; i++) {
    ends[i] = memchr (next, '\n', left);
    if (ends[i] == NULL || memchr (next, 0, ends[i] - next) != NULL)
      return fail (m, error, "a name is cut off");
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
op_stack_global (Machine *m, GError **error)
{
  ActPickleValue *name = pop (m), *module = name != NULL ? pop (m) : NULL;

  if (module == NULL)
    return underflow (m, error);
  if (name->kind != ACT_PICKLE_STRING || module->kind != ACT_PICKLE_STRING)
    return fail (m, error, "a name is no string");
  return push_name (
      m, g_strdup_printf ("%s.%s", module->text, name->text), error);
}

static gboolean
op_reduce (Machine *m, GError **error)
{
  ActPickleValue *args = pop (m), *callee = args != NULL ? pop (m) : NULL;
  ActPickleValue *call;

  if (callee == NULL)
    return underflow (m, error);
  if (callee->kind != ACT_PICKLE_NAME || args->kind != ACT_PICKLE_TUPLE)
    return fail (m, error, "%s is called with %s",
        act_pickle_kind_name (callee->kind), act_pickle_kind_name (args->kind));
  call = push (m, ACT_PICKLE_CALL);
  call->callee = callee;
  call->value = args;
  return TRUE;
}

/* Sets attributes of what a call gives; a state dict has its modules' version
 * numbers there, which mean nothing here. */
static gboolean
op_build (Machine *m, GError **error)
{
  ActPickleValue *state = pop (m);
  ActPickleValue *to = state != NULL ? pop (m) : NULL;

  if (to == NULL)
    return underflow (m, error);
  if (to->kind != ACT_PICKLE_CALL)
    return fail (
        m, error, "attributes are set of %s", act_pickle_kind_name (to->kind));
  g_ptr_array_add (m->stack, to);
  return TRUE;
}

static gboolean
op_binpersid (Machine *m, GError **error)
{
  ActPickleValue *id = pop (m);

  if (id == NULL)
    return underflow (m, error);
  push (m, ACT_PICKLE_PERSISTENT)->value = id;
  return TRUE;
}

static gboolean
op_binput (Machine *m, GError **error)
{
  return put_memo (m, 1, error);
}

static gboolean
op_long_binput (Machine *m, GError **error)
{
  return put_memo (m, 4, error);
}

static gboolean
op_memoize (Machine *m, GError **error)
{
  return set_memo (m, m->memo->len, error);
}

static gboolean
op_binget (Machine *m, GError **error)
{
  return push_memo (m, 1, error);
}

static gboolean
op_long_binget (Machine *m, GError **error)
{
  return push_memo (m, 4, error);
}

static const struct {
  guint8 code;
  Operation run;
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

static Operation
find_operation (guint8 code)
{
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    if (operations[i].code == code)
      return operations[i].run;
  return NULL;
}

static gboolean
step (Machine *m, GError **error)
{
  guint8 code;
  Operation run;

  if (m->at == m->size)
    return fail (m, error, "it is cut off");
  code = m->data[m->at];
  run = find_operation (code);
  if (run == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': byte %" G_GSIZE_FORMAT
        " of its pickle: operation 0x%02x has no place in a state dict of "
        "tensors",
        m->where, m->at, code);
    return FALSE;
  }
  if (m->pickle->values->len == MAX_VALUES)
    return fail (m, error, "it has more than %u values", MAX_VALUES);
  m->at++;
  return run (m, error);
}

ActPickle *
act_pickle_parse (
    GBytes *bytes, const char *const *names, const char *where, GError **error)
{
  g_autoptr (ActPickle) pickle = g_new0 (ActPickle, 1);
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  g_autoptr (GPtrArray) memo = g_ptr_array_new ();
  Machine m = { pickle, where, names };

  m.stack = stack;
  m.memo = memo;
  m.data = g_bytes_get_data (bytes, &m.size);
  pickle->values = g_ptr_array_new_with_free_func (value_free);
  if (m.size > MAX_SIZE) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': its pickle has %" G_GSIZE_FORMAT
        " bytes, expected at most %" G_GSIZE_FORMAT,
        where, m.size, MAX_SIZE);
    return NULL;
  }
  while (!m.stopped)
    if (!step (&m, error))
      return NULL;
  return g_steal_pointer (&pickle);
}

void
act_pickle_free (ActPickle *pickle)
{
  if (pickle == NULL)
    return;
  g_ptr_array_unref (pickle->values);
  g_free (pickle);
}

const ActPickleValue *
act_pickle_get_root (const ActPickle *pickle)
{
  return pickle->root;
}

const char *
act_pickle_kind_name (ActPickleKind kind)
{
  static const char *const names[] = {
    [ACT_PICKLE_NONE] = "None",
    [ACT_PICKLE_BOOL] = "a boolean",
    [ACT_PICKLE_INT] = "an integer",
    [ACT_PICKLE_FLOAT] = "a number",
    [ACT_PICKLE_STRING] = "a string",
    [ACT_PICKLE_TUPLE] = "a tuple",
    [ACT_PICKLE_LIST] = "a list",
    [ACT_PICKLE_DICT] = "a dict",
    [ACT_PICKLE_NAME] = "a name",
    [ACT_PICKLE_CALL] = "a call",
    [ACT_PICKLE_PERSISTENT] = "a storage",
    [ACT_PICKLE_MARK] = "a mark",
  };

  return names[kind];
}

guint
act_pickle_get_n_items (const ActPickleValue *value)
{
  return value->items != NULL ? value->items->len : 0;
}

gboolean
act_pickle_is_call (
    const ActPickleValue *value, const char *name, guint *n_args)
{
  if (value->kind != ACT_PICKLE_CALL
      || !g_str_equal (value->callee->text, name))
    return FALSE;
  *n_args = act_pickle_get_n_items (value->value);
  return TRUE;
}

const ActPickleValue *
act_pickle_get_arg (const ActPickleValue *call, guint i)
{
  return call->value->items->pdata[i];
}
