/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/bigarray.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/output.h"
#include "formats/scratch.h"

/* elements that there is room for at first */
#define FIRST_ROOM 64

ActBigArray *
act_big_array_new (gsize element_size, gsize max_memory, const char *folder)
{
  ActBigArray *self = g_new0 (ActBigArray, 1);

  self->element_size = element_size;
  self->max_memory = max_memory;
  self->folder =
      g_strdup (folder != NULL ? folder : act_scratch_default_folder ());
  self->fd = -1;
  return self;
}

void
act_big_array_free (ActBigArray *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0) {
    munmap (self->data, self->room * self->element_size);
    close (self->fd);
  } else {
    g_free (self->data);
  }
  g_free (self->folder);
  g_free (self);
}

static gboolean
fail (const ActBigArray *self, int errnum, GError **error)
{
  act_set_errno_error (error, errnum, TRUE,
      "cannot make room in a temporary file in '%s'", self->folder);
  return FALSE;
}

/* Blocks are there before they are written to: a full disk is an error here,
 * and no signal later. */
static gboolean
allocate (const ActBigArray *self, int fd, gsize size, GError **error)
{
  int errnum;

  do {
    errnum = posix_fallocate (fd, 0, (off_t) size);
  } while (errnum == EINTR);
  return errnum == 0 || fail (self, errnum, error);
}

static gboolean
move_to_file (ActBigArray *self, gsize size, GError **error)
{
  g_autofree char *name =
      g_build_filename (self->folder, ".scratch-XXXXXX", NULL);
  int fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  gpointer data;

  if (fd < 0)
    return fail (self, errno, error);
  (void) g_unlink (name);
  if (!allocate (self, fd, size, error)) {
    close (fd);
    return FALSE;
  }
  data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) {
    int errnum = errno;

    close (fd);
    return fail (self, errnum, error);
  }
  if (self->len > 0)
    memcpy (data, self->data, self->len * self->element_size);
  g_free (self->data);
  self->data = data;
  self->fd = fd;
  return TRUE;
}

static gboolean
extend_file (ActBigArray *self, gsize size, GError **error)
{
  gpointer data;

  if (!allocate (self, self->fd, size, error))
    return FALSE;
  data = mremap (
      self->data, self->room * self->element_size, size, MREMAP_MAYMOVE);
  if (data == MAP_FAILED)
    return fail (self, errno, error);
  self->data = data;
  return TRUE;
}

static gboolean
make_room (ActBigArray *self, gsize len, GError **error)
{
  gsize room = MAX (self->room, FIRST_ROOM), size;

  while (room < len && room <= G_MAXSIZE / 2)
    room *= 2;
  if (room < len || !g_size_checked_mul (&size, room, self->element_size)
      || size > (gsize) G_MAXSSIZE)
    return fail (self, EFBIG, error);
  if (self->fd >= 0) {
    if (!extend_file (self, size, error))
      return FALSE;
  } else if (size > self->max_memory) {
    if (!move_to_file (self, size, error))
      return FALSE;
  } else {
    self->data = g_realloc (self->data, size);
  }
  self->room = room;
  return TRUE;
}

gpointer
act_big_array_grow (ActBigArray *self, gsize n, GError **error)
{
  gsize len = self->len;

  if (n > G_MAXSIZE - len) {
    fail (self, EFBIG, error);
    return NULL;
  }
  /* also for nothing: NULL would be an error */
  if ((self->data == NULL || len + n > self->room)
      && !make_room (self, len + n, error))
    return NULL;
  self->len = len + n;
  return (guint8 *) self->data + len * self->element_size;
}

void
act_big_array_shrink (ActBigArray *self, gsize len)
{
  g_return_if_fail (len <= self->len);

  self->len = len;
}
