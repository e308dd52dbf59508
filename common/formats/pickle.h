/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A pickle, read as data. Nothing is called, imported or made: what Python
 * would call stands in the result as a name with its arguments, and whoever
 * reads the result knows the few names that mean something to it. Names that
 * are not in the list of those that may occur are refused at once, and so is
 * every operation that a state dict of tensors has no use for.
 *
 * Protocols 2 to 5, as far as dicts, lists, tuples, numbers and strings go. */

typedef enum {
  ACT_PICKLE_NONE,
  ACT_PICKLE_BOOL,
  ACT_PICKLE_INT,
  ACT_PICKLE_FLOAT,
  ACT_PICKLE_STRING,
  ACT_PICKLE_TUPLE,
  ACT_PICKLE_LIST,
  ACT_PICKLE_DICT,
  ACT_PICKLE_NAME,       /* "module.name" */
  ACT_PICKLE_CALL,       /* of a name */
  ACT_PICKLE_PERSISTENT, /* a reference to what is not in the pickle */
  ACT_PICKLE_MARK,       /* in the machine alone */
} ActPickleKind;

typedef struct _ActPickleValue ActPickleValue;
struct _ActPickleValue {
  ActPickleKind kind;
  gint64 integer; /* BOOL, INT */
  double number;  /* FLOAT */
  char *text;     /* STRING, NAME */
  /* NULL: none. TUPLE, LIST: what they hold. DICT, and a CALL that was used as
   * one: key, value, key, value.. Values that are shared occur more than once,
   * and one may hold itself: walk with care. */
  GPtrArray *items;
  ActPickleValue *callee; /* CALL: a NAME */
  ActPickleValue *value;  /* CALL: its arguments, a TUPLE; PERSISTENT: the id */
};

typedef struct _ActPickle ActPickle;

/* names: those that may occur, "module.name", ended by NULL. where: for
 * messages. */
ActPickle *act_pickle_parse (
    GBytes *bytes, const char *const *names, const char *where, GError **error);
void act_pickle_free (ActPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActPickle, act_pickle_free)

/* the object that was pickled */
const ActPickleValue *act_pickle_get_root (const ActPickle *pickle);

/* "a list": for messages */
const char *act_pickle_kind_name (ActPickleKind kind);
guint act_pickle_get_n_items (const ActPickleValue *value);
/* whether it is a call of that name; *n_args: how many arguments it has */
gboolean act_pickle_is_call (
    const ActPickleValue *value, const char *name, guint *n_args);
const ActPickleValue *act_pickle_get_arg (const ActPickleValue *call, guint i);
