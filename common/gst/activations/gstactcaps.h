/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/activations/gstactprelude.h>

G_BEGIN_DECLS

#define GST_ACT_MEDIA_TYPE_TOKENS "application/x-act-tokens"
#define GST_ACT_MEDIA_TYPE_COMPONENTS "application/x-act-components"
#define GST_ACT_MEDIA_TYPE_CLUSTERS "application/x-act-clusters"
#define GST_ACT_MEDIA_TYPE_RECORDS "application/x-act-records"

/**
 * GST_ACT_CAPS_FEATURE_MEMORY_CUDA:
 *
 * Caps feature of blocks that lie in a CUDA device's memory.
 */
#define GST_ACT_CAPS_FEATURE_MEMORY_CUDA "memory:ActCUDAMemory"

/* pad templates: media type, format and layout alone. Arrays and sizes come
 * with the caps that are negotiated. */
#define GST_ACT_TEXT_CAPS "text/x-raw, format=(string)utf8"
#define GST_ACT_TOKENS_CAPS GST_ACT_MEDIA_TYPE_TOKENS ", format=(string)S32LE"
#define GST_ACT_COMPONENTS_CAPS                                                \
  GST_ACT_MEDIA_TYPE_COMPONENTS                                                \
  ", format=(string)F32LE, layout=(string){ csr, dense }"
#define GST_ACT_CLUSTERS_CAPS                                                  \
  GST_ACT_MEDIA_TYPE_CLUSTERS                                                  \
  ", format=(string)F32LE, layout=(string){ csr, dense }"
#define GST_ACT_RECORDS_CAPS GST_ACT_MEDIA_TYPE_RECORDS

/**
 * GstActLayout:
 * @GST_ACT_LAYOUT_CSR: compressed sparse rows: indptr, indices, values
 * @GST_ACT_LAYOUT_DENSE: a row-major matrix
 *
 * How component activations are laid out. Cluster activations are always CSR.
 */
typedef enum {
  GST_ACT_LAYOUT_CSR,
  GST_ACT_LAYOUT_DENSE,
} GstActLayout;

#define GST_TYPE_ACT_LAYOUT (gst_act_layout_get_type ())
GST_ACT_API
GType gst_act_layout_get_type (void);

GST_ACT_API
const gchar *gst_act_layout_to_string (GstActLayout layout);

#define GST_TYPE_ACT_INFO (gst_act_info_get_type ())

typedef struct _GstActInfo GstActInfo;

/**
 * GstActInfo:
 * @batch_size: most samples a batch holds (0 in record caps)
 * @sequence_length: positions a sample, n_ctx
 * @vocab_size: token ids are below this
 * @tokenizer: (nullable): fingerprint of the tokenizer
 * @model: (nullable): fingerprint of the model
 * @layout: how the component activations are laid out
 * @n_modules: number of modules, 0 before there are components
 * @modules: (array length=n_modules) (nullable): module names, in column order
 * @components: (array length=n_modules) (nullable): components of each module
 * @first_columns: (array length=n_modules) (nullable): first column of each
 *   module, derived
 * @n_components: sum of @components, the number of columns, derived
 * @threshold: of the dead-component filter that the activations went through
 *   (0.0: it kept all), -1.0 if the caps name none
 * @n_clusters: number of clusters, 0 before there are any
 * @assignment: (nullable): fingerprint of the cluster assignment
 * @reduction: (nullable): name of the cluster reduction, such as "max"
 *
 * What caps of tokens, components, clusters or records say. Reference
 * counted and immutable once made; fields are to be read only.
 */
struct _GstActInfo {
  guint batch_size;
  guint sequence_length;
  guint vocab_size;
  gchar *tokenizer;
  gchar *model;

  GstActLayout layout;
  guint n_modules;
  gchar **modules;
  guint *components;
  guint *first_columns;
  guint n_components;
  gdouble threshold;

  guint n_clusters;
  gchar *assignment;
  gchar *reduction;

  /*< private >*/
  gint ref_count;
};

GST_ACT_API
GType gst_act_info_get_type (void);

GST_ACT_API
GstActInfo *gst_act_info_new_from_caps (const GstCaps *caps, GError **error);

GST_ACT_API
GstActInfo *gst_act_info_ref (GstActInfo *info);

GST_ACT_API
void gst_act_info_unref (GstActInfo *info);

GST_ACT_API
gchar *gst_act_info_dup_label (const GstActInfo *info, guint column);

GST_ACT_API
gboolean gst_act_info_locate_column (
    const GstActInfo *info, guint column, guint *module, guint *index);

GST_ACT_API
gint gst_act_info_find_label (
    const GstActInfo *info, const gchar *label, GError **error);

GST_ACT_API
gboolean gst_act_info_same_shape (const GstActInfo *a, const GstActInfo *b);

GST_ACT_API
GstCaps *gst_act_caps_new_tokens (
    guint batch_size, guint sequence_length, guint vocab_size);

GST_ACT_API
void gst_act_caps_set_modules (GstCaps *caps, guint n_modules,
    const gchar *const *modules, const guint *components);

GST_ACT_API
void gst_act_caps_set_layouts (
    GstCaps *caps, const GstActLayout *layouts, guint n_layouts);

GST_ACT_API
GstCaps *gst_act_caps_rename (const GstCaps *caps, const gchar *media_type);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstActInfo, gst_act_info_unref)

G_END_DECLS
