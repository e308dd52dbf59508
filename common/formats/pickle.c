/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/pickle.h"

#include "acterror.h"
#include "formats/picklemachine.h"

#define MAX_SIZE ((gsize) 16 << 20)

static void
value_free (gpointer data)
{
  ActPickleValue *value = data;

  g_clear_pointer (&value->items, g_ptr_array_unref);
  g_free (value->text);
  g_free (value);
}

static gboolean
step (ActPickleMachine *m, GError **error)
{
  guint8 code;
  ActPickleOperation run;

  if (m->at == m->size)
    return act_pickle_machine_fail (m, error, "it is cut off");
  code = m->data[m->at];
  run = act_pickle_operation_find (code);
  if (run == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_UNSUPPORTED,
        "'%s': byte %" G_GSIZE_FORMAT
        " of its pickle: operation 0x%02x has no place in a state dict of "
        "tensors",
        m->where, m->at, code);
    return FALSE;
  }
  if (m->pickle->values->len == ACT_PICKLE_MAX_VALUES)
    return act_pickle_machine_fail (
        m, error, "it has more than %u values", ACT_PICKLE_MAX_VALUES);
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
  ActPickleMachine m = { pickle, where, names };

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
