/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Zip archives, for merge histories and .npz: read through libarchive. */

/* Reads one member whole. More than max_size bytes, by its header or while
 * unpacking, is an error (a zip bomb); so is a missing member. */
GBytes *act_zip_read_member (
    const char *filename, const char *member, gsize max_size, GError **error);

/* A member that is unpacked as it is read, from its front to its end: nothing
 * but what is asked for is in memory. */
typedef struct _ActZipMember ActZipMember;

ActZipMember *act_zip_member_open (
    const char *filename, const char *member, GError **error);
void act_zip_member_free (ActZipMember *member);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActZipMember, act_zip_member_free)
/* by the archive's directory */
guint64 act_zip_member_get_size (const ActZipMember *member);
/* exactly size bytes */
gboolean act_zip_member_read (
    ActZipMember *member, void *data, gsize size, GError **error);
gboolean act_zip_member_skip (
    ActZipMember *member, guint64 size, GError **error);

/* Writes a zip whose members are given in pieces, so that no member has to be
 * in memory. Deflated, ZIP64 where the size needs it, timestamps fixed (1980)
 * so that equal contents, in equal pieces, give equal bytes. */
typedef struct _ActZipWriter ActZipWriter;

ActZipWriter *act_zip_writer_new (const char *filename, GError **error);
/* size: what the following appends will add up to, exactly */
gboolean act_zip_writer_begin (
    ActZipWriter *zip, const char *member, guint64 size, GError **error);
gboolean act_zip_writer_append (
    ActZipWriter *zip, const void *data, gsize size, GError **error);
gboolean act_zip_writer_end (ActZipWriter *zip, GError **error);
/* finishes and syncs the file; frees zip in any case */
gboolean act_zip_writer_close (ActZipWriter *zip, GError **error);
/* gives up; the file stays half-written, its owner removes it */
void act_zip_writer_free (ActZipWriter *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ActZipWriter, act_zip_writer_free)
