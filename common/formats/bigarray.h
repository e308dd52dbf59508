/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* An array that grows in memory up to a limit and beyond it in a file without
 * a name, mapped: what is not in use then the kernel can put away. */
typedef struct {
  gpointer data; /* moves when the array grows */
  gsize len;     /* elements */

  /*< private >*/
  gsize element_size;
  gsize room; /* elements */
  gsize max_memory;
  char *folder;
  int fd; /* -1: in memory */
} ActBigArray;

/* folder: for the file; NULL: the system's for temporary files */
ActBigArray *act_big_array_new (
    gsize element_size, gsize max_memory, const char *folder);
void act_big_array_free (ActBigArray *array);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActBigArray, act_big_array_free)

/* n more elements at the end, whose contents are undefined; -> the first of
 * them, or NULL with an error and the array as it was. */
gpointer act_big_array_grow (ActBigArray *array, gsize n, GError **error);
/* fewer elements; the room stays */
void act_big_array_shrink (ActBigArray *array, gsize len);

#define act_big_array_index(array, type, i) (((type *) (array)->data)[i])
