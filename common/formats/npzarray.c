/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/npzarray.h"

#include "acterror.h"
#include "formats/npy-private.h"
#include "formats/zip.h"

struct _ActNpzArray {
  char *name; /* for messages: file and member */
  ActZipMember *member;
  ActTensor tensor;
  guint64 position; /* elements read or skipped */
};

static gboolean
read_header (ActNpzArray *self, GError **error)
{
  guint64 size = act_zip_member_get_size (self->member);
  guint8 start[ACT_NPY_START_SIZE] = { 0 };
  gsize n = MIN (size, sizeof start), whole;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  if (!act_zip_member_read (self->member, start, n, error))
    return FALSE;
  g_byte_array_append (header, start, n);
  whole = act_npy_header_size (start);
  if (n == sizeof start && whole <= size) {
    g_byte_array_set_size (header, whole);
    if (!act_zip_member_read (self->member, header->data + sizeof start,
            whole - sizeof start, error))
      return FALSE;
  }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&header));
  return act_npy_parse_header (bytes, self->name, size, &self->tensor, error);
}

static gboolean
check_kind (
    const ActNpzArray *self, ActDtype dtype, guint n_dims, GError **error)
{
  const ActTensor *tensor = &self->tensor;

  if (tensor->dtype == dtype && tensor->n_dims == n_dims)
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
      "'%s' is %s with %u dimensions, expected %s with %u", self->name,
      act_dtype_name (tensor->dtype), tensor->n_dims, act_dtype_name (dtype),
      n_dims);
  return FALSE;
}

ActNpzArray *
act_npz_array_open (const char *filename, const char *name, ActDtype dtype,
    guint n_dims, GError **error)
{
  g_autoptr (ActNpzArray) self = act_npz_array_open_any (filename, name, error);

  if (self == NULL || !check_kind (self, dtype, n_dims, error))
    return NULL;
  return g_steal_pointer (&self);
}

ActNpzArray *
act_npz_array_open_any (const char *filename, const char *name, GError **error)
{
  g_autoptr (ActNpzArray) self = g_new0 (ActNpzArray, 1);
  g_autofree char *member = g_strconcat (name, ".npy", NULL);

  self->name = g_strdup_printf ("%s: %s", filename, member);
  self->member = act_zip_member_open (filename, member, error);
  if (self->member == NULL || !read_header (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
act_npz_array_free (ActNpzArray *self)
{
  if (self == NULL)
    return;
  act_zip_member_free (self->member);
  g_free (self->name);
  g_free (self);
}

const ActTensor *
act_npz_array_get (const ActNpzArray *self)
{
  return &self->tensor;
}

gboolean
act_npz_array_read (
    ActNpzArray *self, guint64 offset, gsize n, void *data, GError **error)
{
  gsize size = act_dtype_size (self->tensor.dtype);

  g_return_val_if_fail (offset >= self->position, FALSE);
  if (offset > self->tensor.n_elements
      || n > self->tensor.n_elements - offset) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' has %" G_GSIZE_FORMAT " elements, expected %" G_GSIZE_FORMAT
        " from the one at %" G_GUINT64_FORMAT " on",
        self->name, self->tensor.n_elements, n, offset);
    return FALSE;
  }
  if (!act_zip_member_skip (
          self->member, (offset - self->position) * size, error)
      || !act_zip_member_read (self->member, data, n * size, error))
    return FALSE;
  self->position = offset + n;
  return TRUE;
}
