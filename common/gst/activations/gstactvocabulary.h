/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

#define GST_TYPE_ACT_VOCABULARY (gst_act_vocabulary_get_type ())

typedef struct _GstActVocabulary GstActVocabulary;

/**
 * GstActVocabulary:
 *
 * The raw token strings by id. Immutable once made, reference counted.
 */
GST_ACT_API
GType gst_act_vocabulary_get_type (void);

GST_ACT_API
GstActVocabulary *gst_act_vocabulary_new (
    const gchar *const *strings, guint n_strings);

GST_ACT_API
GstActVocabulary *gst_act_vocabulary_new_from_file (
    const gchar *filename, GError **error);

GST_ACT_API
GstActVocabulary *gst_act_vocabulary_ref (GstActVocabulary *vocabulary);

GST_ACT_API
void gst_act_vocabulary_unref (GstActVocabulary *vocabulary);

GST_ACT_API
guint gst_act_vocabulary_get_size (const GstActVocabulary *vocabulary);

GST_ACT_API
const gchar *gst_act_vocabulary_get_string (
    const GstActVocabulary *vocabulary, guint id, gsize *length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstActVocabulary, gst_act_vocabulary_unref)

G_END_DECLS
