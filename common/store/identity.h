/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/json.h"
#include "store/store.h"

/* What makes two stores, or a store and a stream, parts of the same run. */
typedef struct {
  char *model; /* fingerprints, or NULL */
  char *tokenizer;
  char *assignment; /* or NULL */
  char *run;        /* name of the clustering run, or NULL */
  gint iteration;
  char *reduction;  /* or NULL */
  double threshold; /* of the dead-component filter; below 0: not known */
  guint n_ctx;
  guint batch_size;
  guint vocab_size;
  guint n_clusters;
  char **modules; /* NULL-terminated */
  guint *components;
} ActIdentity;

void act_identity_free (ActIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActIdentity, act_identity_free)

ActStoreShape act_identity_get_shape (const ActIdentity *identity);

/* An error that lists what differs, from names of both for the message. */
gboolean act_identity_check_same (const ActIdentity *a, const char *a_name,
    const ActIdentity *b, const char *b_name, GError **error);

/* The same of what a source of tokens knows: tokenizer and sizes. */
gboolean act_identity_check_same_tokens (const ActIdentity *a,
    const char *a_name, const ActIdentity *b, const char *b_name,
    GError **error);

/* As fields of an object that the caller began; and back. */
void act_identity_write (const ActIdentity *identity, ActJsonWriter *json);
ActIdentity *act_identity_read (
    JsonObject *object, const char *filename, GError **error);
