/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acterror.h"
#include "formats/file.h"
#include "formats/output.h"

#define MAX_HOLDER 256
/* a lease is renewed so many times in the time after which it is taken over */
#define RENEWALS 6
#define CLOCK_TRIES 5

struct _ActLease {
  char *name;
  char *path;
  int fd; /* of the file, as long as it is held */
  guint64 generation;
  guint silence_s;
};

/* one that is there */
typedef struct {
  guint64 generation;
  double age_s;
  char *holder;
} Claim;

static void
claim_clear (gpointer data)
{
  g_free (((Claim *) data)->holder);
}

guint
act_lease_interval_ms (guint silence_s)
{
  return MAX (silence_s * 1000 / RENEWALS, 50);
}

const char *
act_lease_get_path (const ActLease *self)
{
  return self->path;
}

static char *
make_path (const char *name, guint64 generation)
{
  return g_strdup_printf ("%s.%" G_GUINT64_FORMAT, name, generation);
}

/* who this is, for messages */
static char *
describe_holder (void)
{
  return g_strdup_printf (
      "%s, process %d", g_get_host_name (), (int) getpid ());
}

/* --- the server's clock --- */

static char *
clock_path (const char *name)
{
  return g_strconcat (name, ".now", NULL);
}

/* a byte: a file that was only made may have the client's time */
static gboolean
touch (int fd, struct timespec *now)
{
  struct stat status;

  if (pwrite (fd, "\n", 1, 0) != 1 || fsync (fd) != 0
      || futimens (fd, NULL) != 0 || fstat (fd, &status) != 0)
    return FALSE;
  *now = status.st_mtim;
  return TRUE;
}

/* What the file system calls now. The file is everybody's, and may go while it
 * is open: who gives a lease back removes it. */
static gboolean
read_server_time (const char *name, struct timespec *now, GError **error)
{
  g_autofree char *path = clock_path (name);
  gboolean done = FALSE;
  int error_number = 0;

  for (guint i = 0; i < CLOCK_TRIES && !done; i++) {
    int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    done = fd >= 0 && touch (fd, now);
    error_number = errno;
    if (fd >= 0)
      close (fd);
  }
  if (!done) {
    (void) g_unlink (path);
    act_set_errno_error (error, error_number, TRUE, "cannot touch '%s'", path);
  }
  return done;
}

static double
seconds_between (const struct timespec *from, const struct timespec *to)
{
  return (double) (to->tv_sec - from->tv_sec)
      + (double) (to->tv_nsec - from->tv_nsec) / 1e9;
}

/* --- who is there --- */

static gboolean
parse_generation (const char *entry, const char *prefix, guint64 *generation)
{
  return g_str_has_prefix (entry, prefix)
      && g_ascii_string_to_unsigned (
          entry + strlen (prefix), 10, 1, G_MAXINT64, generation, NULL);
}

static char *
read_holder (const char *path)
{
  g_autoptr (GBytes) bytes = act_file_read (path, MAX_HOLDER, NULL);
  g_autofree char *holder = NULL;
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  holder = g_strchomp (g_strndup (text != NULL ? text : "", size));
  if (*holder == '\0' || !g_utf8_validate (holder, -1, NULL))
    return g_strdup ("somebody");
  return g_steal_pointer (&holder);
}

/* Opened for it: what NFS remembers of a date may be seconds old, and a sign of
 * life be missed. Of what may not be read there is no better. */
static gboolean
read_status (const char *path, struct stat *status)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gboolean done = (fd >= 0 ? fstat (fd, status) : stat (path, status)) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

/* one that goes meanwhile is none */
static void
add_claim (GArray *claims, const char *name, guint64 generation,
    const struct timespec *now)
{
  g_autofree char *path = make_path (name, generation);
  struct stat status;
  Claim *claim;

  if (!read_status (path, &status))
    return;
  g_array_set_size (claims, claims->len + 1);
  claim = &g_array_index (claims, Claim, claims->len - 1);
  claim->generation = generation;
  claim->age_s = seconds_between (&status.st_mtim, now);
  claim->holder = read_holder (path);
}

static GArray *
list_claims (const char *name, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (name);
  g_autofree char *base = g_path_get_basename (name);
  g_autofree char *prefix = g_strconcat (base, ".", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GArray *claims;
  struct timespec now;
  const char *entry;
  guint64 generation;

  if (dir == NULL || !read_server_time (name, &now, error))
    return NULL;
  claims = g_array_new (FALSE, FALSE, sizeof (Claim));
  g_array_set_clear_func (claims, claim_clear);
  while ((entry = g_dir_read_name (dir)) != NULL)
    if (parse_generation (entry, prefix, &generation))
      add_claim (claims, name, generation, &now);
  return claims;
}

/* An error if somebody but this generation is alive; gives the last one. */
static gboolean
check_claims (const char *name, guint64 own, guint silence_s, guint64 *last,
    GError **error)
{
  g_autoptr (GArray) claims = list_claims (name, error);

  if (claims == NULL)
    return FALSE;
  *last = 0;
  for (guint i = 0; i < claims->len; i++) {
    const Claim *claim = &g_array_index (claims, Claim, i);

    *last = MAX (*last, claim->generation);
    if (claim->generation == own || claim->age_s > silence_s)
      continue;
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s.%" G_GUINT64_FORMAT "': %s is at work on it, and was heard of "
        "%.0f s ago; after %u s of silence it is taken over",
        name, claim->generation, claim->holder, MAX (claim->age_s, 0.0),
        silence_s);
    return FALSE;
  }
  return TRUE;
}

/* what those left that were taken over */
static void
remove_older (const ActLease *self)
{
  g_autoptr (GArray) claims = list_claims (self->name, NULL);

  for (guint i = 0; claims != NULL && i < claims->len; i++) {
    guint64 generation = g_array_index (claims, Claim, i).generation;
    g_autofree char *path = make_path (self->name, generation);

    if (generation < self->generation)
      (void) g_unlink (path);
  }
}

/* --- taking it --- */

static gboolean
create (ActLease *self, GError **error)
{
  g_autofree char *holder = describe_holder ();
  int fd = open (self->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  gboolean made;

  self->fd = fd;
  if (fd < 0 && errno == EEXIST) {
    g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
        "'%s': somebody else has just begun to work on it", self->path);
    return FALSE;
  }
  made = fd >= 0 && write (fd, holder, strlen (holder)) >= 0 && fsync (fd) == 0
      && futimens (fd, NULL) == 0;
  if (!made)
    act_set_errno_error (error, errno, TRUE, "cannot create '%s'", self->path);
  if (fd >= 0 && !made)
    (void) g_unlink (self->path);
  return made;
}

ActLease *
act_lease_take (const char *name, guint silence_s, GError **error)
{
  g_autoptr (ActLease) self = NULL;
  guint64 last;

  if (!check_claims (name, 0, silence_s, &last, error))
    return NULL;
  self = g_new0 (ActLease, 1);
  self->name = g_strdup (name);
  self->fd = -1;
  self->silence_s = silence_s;
  self->generation = last + 1;
  self->path = make_path (name, self->generation);
  if (!create (self, error)) {
    g_clear_pointer (&self->path, g_free);
    return NULL;
  }
  if (!check_claims (name, self->generation, silence_s, &last, error))
    return NULL;
  remove_older (self);
  return g_steal_pointer (&self);
}

/* --- holding it --- */

/* Whether the file at path is still the one that was opened: once a lease was
 * given back its number begins again, so another's file may have this name. */
static gboolean
is_same_file (int fd, const char *path)
{
  struct stat own, now;

  if (fstat (fd, &own) != 0)
    return errno != ESTALE;
  if (stat (path, &now) != 0)
    return errno != ENOENT && errno != ESTALE;
  return own.st_dev == now.st_dev && own.st_ino == now.st_ino;
}

/* Closed before it is removed: NFS keeps what is open under another name. */
void
act_lease_free (ActLease *self)
{
  g_autofree char *clock = NULL;
  gboolean held;

  if (self == NULL)
    return;
  clock = clock_path (self->name);
  held = self->path != NULL && is_same_file (self->fd, self->path);
  if (self->fd >= 0)
    close (self->fd);
  if (held) {
    (void) g_unlink (clock);
    (void) g_unlink (self->path);
  }
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

static void
set_gone (const char *path, GError **error)
{
  g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
      "the lease '%s' is gone: somebody else has taken over after a silence "
      "that was too long",
      path);
}

/* What just cannot be done now (a full disk) is no loss: done too late it is
 * seen as one the next time. */
static gboolean
touch_file (int fd, const char *path, GError **error)
{
  if ((futimens (fd, NULL) == 0 || errno != ESTALE) && is_same_file (fd, path))
    return TRUE;
  set_gone (path, error);
  return FALSE;
}

/* the file of the next generation, which who takes over makes first; NULL:
 * path is none of a lease */
static char *
next_path (const char *path)
{
  const char *dot = strrchr (path, '.');
  g_autofree char *name = dot != NULL ? g_strndup (path, dot - path) : NULL;
  guint64 generation;

  if (dot == NULL
      || !g_ascii_string_to_unsigned (
          dot + 1, 10, 1, G_MAXINT64 - 1, &generation, NULL))
    return NULL;
  return make_path (name, generation + 1);
}

struct _ActLeaseFile {
  char *path;
  char *next; /* or NULL */
  int fd;
};

ActLeaseFile *
act_lease_file_open (const char *path, GError **error)
{
  ActLeaseFile *self;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    set_gone (path, error);
  else if (fd < 0)
    act_set_errno_error (
        error, errno, FALSE, "cannot open the lease '%s'", path);
  if (fd < 0)
    return NULL;
  self = g_new (ActLeaseFile, 1);
  *self = (ActLeaseFile){ g_strdup (path), next_path (path), fd };
  return self;
}

void
act_lease_file_free (ActLeaseFile *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_free (self->path);
  g_free (self->next);
  g_free (self);
}

/* NFS remembers as well what was not there; to open the folder is to ask the
 * server whether that is still so. */
static gboolean
has_come (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean there = access (path, F_OK) == 0;

  if (fd >= 0)
    close (fd);
  return there;
}

/* Who takes over makes the next generation, and then looks again for a sign of
 * life here: either it sees this one, or this sees its file. */
gboolean
act_lease_file_hold (const ActLeaseFile *self, GError **error)
{
  if (self == NULL)
    return TRUE;
  if (!touch_file (self->fd, self->path, error))
    return FALSE;
  if (self->next == NULL || !has_come (self->next))
    return TRUE;
  g_set_error (error, ACT_ERROR, ACT_ERROR_EXISTS,
      "the lease '%s' is lost: somebody else has taken over with '%s' after a "
      "silence that was too long",
      self->path, self->next);
  return FALSE;
}

gboolean
act_lease_renew (ActLease *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint64 last;

  if (!touch_file (self->fd, self->path, error))
    return FALSE;
  if (check_claims (
          self->name, self->generation, self->silence_s, &last, &problem)
      || !g_error_matches (problem, ACT_ERROR, ACT_ERROR_EXISTS))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}
