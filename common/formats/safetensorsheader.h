/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/tensor.h"

/* The JSON header of a safetensors file, read and checked: what each tensor is
 * and where its bytes lie. Read from front to back (jsonscan.h), with a hash of
 * its own for names: a tree of json-glib takes time that is quadratic in the
 * number of keys if whoever wrote the file wants it to. */

typedef struct {
  ActTensor tensor;   /* its name is the header's, its data are not set */
  guint64 begin, end; /* in the data */
  void *copy;         /* freed with the entry */
} ActSafetensorsEntry;

typedef struct {
  GStringChunk *names;
  GArray *entries;      /* of ActSafetensorsEntry, in the order of their data */
  GHashTable *metadata; /* char * -> char *; NULL: there is none */
} ActSafetensorsHeader;

/* text: length bytes. data_size: bytes of data behind it. An empty header of
 * act_safetensors_header_init () is filled, on failure in part. */
gboolean act_safetensors_header_parse (ActSafetensorsHeader *header,
    const char *text, gsize length, guint64 data_size, const char *filename,
    GError **error);
void act_safetensors_header_init (ActSafetensorsHeader *header);
void act_safetensors_header_clear (ActSafetensorsHeader *header);
