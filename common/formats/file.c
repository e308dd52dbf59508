/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/output.h"

int
act_file_open (const char *filename, guint64 *size, GError **error)
{
  struct stat st;
  /* not blocking: opening a pipe without a writer would wait for one */
  int fd = open (filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", filename);
    return -1;
  }
  if (fstat (fd, &st) != 0) {
    act_set_errno_error (error, errno, FALSE, "'%s'", filename);
    close (fd);
    return -1;
  }
  if (!S_ISREG (st.st_mode)) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_OPEN_READ,
        "'%s' is %s, expected a file", filename,
        S_ISDIR (st.st_mode) ? "a folder" : "no regular file");
    close (fd);
    return -1;
  }
  *size = st.st_size;
  return fd;
}

typedef struct {
  void *address;
  gsize size;
} Mapping;

static void
mapping_free (void *data)
{
  Mapping *mapping = data;

  munmap (mapping->address, mapping->size);
  g_free (mapping);
}

GBytes *
act_file_map (const char *filename, GError **error)
{
  Mapping *mapping;
  guint64 size;
  void *address;
  int fd = act_file_open (filename, &size, error);

  if (fd < 0)
    return NULL;
  if (size == 0 || size > G_MAXSSIZE) {
    close (fd);
    return g_bytes_new (NULL, 0);
  }
  address = mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) {
    act_set_errno_error (error, errno, FALSE, "'%s'", filename);
    close (fd);
    return NULL;
  }
  close (fd);
  mapping = g_new (Mapping, 1);
  mapping->address = address;
  mapping->size = size;
  return g_bytes_new_with_free_func (address, size, mapping_free, mapping);
}

gboolean
act_file_pread (int fd, const char *filename, guint64 offset, gsize size,
    void *data, GError **error)
{
  guint8 *p = data;

  while (size > 0) {
    gssize n = pread (fd, p, MIN (size, 1u << 30), offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      act_set_errno_error (error, errno, FALSE, "'%s'", filename);
      return FALSE;
    }
    if (n == 0) {
      g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
          "'%s' ends at byte %" G_GUINT64_FORMAT ", expected %" G_GSIZE_FORMAT
          " more bytes",
          filename, offset, size);
      return FALSE;
    }
    p += n;
    offset += n;
    size -= n;
  }
  return TRUE;
}

GBytes *
act_file_read (const char *filename, gsize max_size, GError **error)
{
  g_autofree void *data = NULL;
  guint64 size;
  int fd = act_file_open (filename, &size, error);
  gboolean ok;

  if (fd < 0)
    return NULL;
  if (size > max_size) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FORMAT,
        "'%s' has %" G_GUINT64_FORMAT
        " bytes, expected at most %" G_GSIZE_FORMAT,
        filename, size, max_size);
    close (fd);
    return NULL;
  }
  data = g_try_malloc (size + 1);
  if (data == NULL) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_FAILED,
        "'%s': no memory for %" G_GUINT64_FORMAT " bytes", filename, size);
    close (fd);
    return NULL;
  }
  ok = act_file_pread (fd, filename, 0, size, data, error);
  close (fd);
  return ok ? g_bytes_new_take (g_steal_pointer (&data), size) : NULL;
}
