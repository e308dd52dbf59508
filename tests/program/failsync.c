/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loaded before libc by tests: the N-th fsync of the process, N from the
 * environment, fails: as of a disk that is broken, or with the number of
 * another error. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

int fsync (int fd);

__attribute__ ((visibility ("default"))) int
fsync (int fd)
{
  static atomic_int n_calls;
  int (*next) (int) = (int (*) (int)) dlsym (RTLD_NEXT, "fsync");
  const char *nth = getenv ("ACT_FAIL_SYNC");

  if (nth != NULL && atomic_fetch_add (&n_calls, 1) + 1 == atoi (nth)) {
    const char *error = getenv ("ACT_FAIL_SYNC_ERRNO");

    errno = error != NULL ? atoi (error) : EIO;
    return -1;
  }
  return next (fd);
}
