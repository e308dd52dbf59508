/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* As much of GLib as common/sparse needs, for machines without it: there the
 * device's kernels are compared with the CPU's, and nothing else is built. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int gint, gboolean;
typedef unsigned guint;
typedef size_t gsize;
typedef ptrdiff_t gssize;
typedef int8_t gint8;
typedef uint8_t guint8;
typedef int32_t gint32;
typedef uint32_t guint32;
typedef int64_t gint64;
typedef uint64_t guint64;
typedef void *gpointer;
typedef const void *gconstpointer;
typedef int GError;

#define TRUE 1
#define FALSE 0
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define G_MAXSIZE SIZE_MAX
#define G_MAXINT32 INT32_MAX
#define G_MININT32 INT32_MIN
#define G_MAXUINT32 UINT32_MAX
#define G_GUINT64_CONSTANT(n) (n##ULL)
#define G_GSIZE_FORMAT "zu"
#define G_GINT64_FORMAT "ld"
#define G_GUINT64_FORMAT "lu"
#define G_N_ELEMENTS(array) (sizeof (array) / sizeof (array)[0])
#define G_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#define G_DEFINE_AUTOPTR_CLEANUP_FUNC(type, function)

static inline void *
plain_alloc (size_t size)
{
  void *memory = calloc (size > 0 ? size : 1, 1);

  if (memory == NULL)
    abort ();
  return memory;
}

static inline void *
plain_realloc (void *memory, size_t size)
{
  memory = realloc (memory, size > 0 ? size : 1);
  if (memory == NULL)
    abort ();
  return memory;
}

static inline void
plain_autofree (void *where)
{
  free (*(void **) where);
}

static inline void *
g_memdup2 (const void *from, size_t size)
{
  return memcpy (plain_alloc (size), from, size);
}

static inline void *
g_aligned_alloc (size_t n, size_t size, size_t alignment)
{
  size_t whole = (n * size + alignment - 1) / alignment * alignment;
  void *memory = aligned_alloc (alignment, whole);

  if (memory == NULL)
    abort ();
  return memory;
}

static inline void *
g_aligned_alloc0 (size_t n, size_t size, size_t alignment)
{
  return memset (g_aligned_alloc (n, size, alignment), 0,
      (n * size + alignment - 1) / alignment * alignment);
}

#define g_autofree __attribute__ ((cleanup (plain_autofree)))
#define g_malloc0 plain_alloc
#define g_malloc plain_alloc
#define g_new(type, n) ((type *) plain_alloc ((size_t) (n) * sizeof (type)))
#define g_new0 g_new
#define g_renew(type, memory, n)                                               \
  ((type *) plain_realloc (memory, (size_t) (n) * sizeof (type)))
#define g_free free
#define g_aligned_free free
#define g_clear_pointer(where, release)                                        \
  do {                                                                         \
    release (*(where));                                                        \
    *(where) = NULL;                                                           \
  } while (0)
#define g_size_checked_mul(to, a, b) (!__builtin_mul_overflow (a, b, to))
#define g_getenv getenv
#define g_str_equal(a, b) (strcmp (a, b) == 0)
#define g_message(...) (fprintf (stderr, __VA_ARGS__), fputc ('\n', stderr))
#define g_quark_try_string(string) ((void) (string), 0)
#define g_quark_from_string(string) ((void) (string), 0)
#define g_quark_from_static_string(string) 0
/* only where a test is wrong */
#define g_set_error(error, domain, code, ...)                                  \
  (fprintf (stderr, __VA_ARGS__), fputc ('\n', stderr), abort ())
/* one thread */
#define g_once_init_enter(where) (*(where) == 0)
#define g_once_init_leave(where, value) (*(where) = (value))
