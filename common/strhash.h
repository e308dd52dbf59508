/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A hash of strings for tables whose keys come from files. g_str_hash () is
 * known to everyone: who writes a file can choose a hundred thousand names
 * that it puts in one place, and a table of them takes hours. This one
 * (SipHash-1-3) has a key that each process draws, so it is for tables that
 * are asked, never for what is written. A GHashFunc. */
guint act_str_hash (gconstpointer text);

/* SipHash-1-3 with a key of 16 bytes: what act_str_hash () cuts to 32 bits */
guint64 act_siphash (const guint64 key[2], const void *data, gsize size);
