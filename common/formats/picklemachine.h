/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/pickle.h"

/* A pickle is a program for a machine with a stack and a memo: the machine
 * (picklemachine.c) and what the operations do with it (pickleops.c). Each
 * operation is a byte, with what belongs to it behind. An operation makes one
 * value at most, and there are ACT_PICKLE_MAX_VALUES of them at most, some
 * hundred bytes each; values belong to the machine's pickle and are freed with
 * it, however they hold each other.
 *
 * The memo is an array: Python numbers what it remembers from 0 on. A hash
 * table's time would be up to who chose the keys. */

#define ACT_PICKLE_MAX_VALUES (1u << 20) /* a tensor takes about 25 */

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
} ActPickleMachine;

typedef gboolean (*ActPickleOperation) (ActPickleMachine *m, GError **error);

/* NULL: there is none of that code */
ActPickleOperation act_pickle_operation_find (guint8 code);

/* FALSE, and an error that says where in the pickle */
gboolean act_pickle_machine_fail (const ActPickleMachine *m, GError **error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);
gboolean act_pickle_machine_underflow (
    const ActPickleMachine *m, GError **error);
/* a new value, on the stack */
ActPickleValue *act_pickle_machine_push (
    ActPickleMachine *m, ActPickleKind kind);
/* NULL: there is none, or a mark */
ActPickleValue *act_pickle_machine_pop (ActPickleMachine *m);
/* n bytes that belong to the operation, NULL: it is cut off */
const guint8 *act_pickle_machine_take (
    ActPickleMachine *m, guint64 n, GError **error);
/* the same as a number, little-endian, of 8 bytes at most */
gboolean act_pickle_machine_take_number (
    ActPickleMachine *m, guint n_bytes, guint64 *number, GError **error);
/* the stack's index of the topmost mark */
gboolean act_pickle_machine_find_mark (
    const ActPickleMachine *m, guint *mark, GError **error);
/* what lies above index moves into a value */
void act_pickle_machine_move_items (
    ActPickleMachine *m, guint index, ActPickleValue *to);
