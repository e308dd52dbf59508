/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-cudaactclustermax
 * @short_description: activation of each cluster: its largest member, on a
 * CUDA device
 *
 * `cudaactclustermax`, `cudaactclustermean` and `cudaactclustersum` do what the
 * elements without `cuda` do, with the same bits.
 *
 * Sink: float32 component activations (n_positions, n_components) in the
 * memory of a CUDA device, dense or CSR, all finite.
 * Src: the batch with float32 cluster activations (n_positions, n_clusters) in
 * CSR added, on the device too.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 actdumpsrc location=tests/data/golden/basic ! cudaactupload !
 * cudaactclustermax clusters=tests/data/golden/basic/clusters.json ! actstore !
 * fakesink
 * ]|
 */

#include "config.h"

#include "gpu/gst/cudaactcluster.h"

typedef struct {
  GstActCudaCluster parent_instance;
} GstActCudaClusterMax, GstActCudaClusterMean, GstActCudaClusterSum;

typedef struct {
  GstActCudaClusterClass parent_class;
} GstActCudaClusterMaxClass, GstActCudaClusterMeanClass,
    GstActCudaClusterSumClass;

static GType gst_act_cuda_cluster_max_get_type (void);
static GType gst_act_cuda_cluster_mean_get_type (void);
static GType gst_act_cuda_cluster_sum_get_type (void);

G_DEFINE_TYPE (
    GstActCudaClusterMax, gst_act_cuda_cluster_max, GST_TYPE_ACT_CUDA_CLUSTER)
G_DEFINE_TYPE (
    GstActCudaClusterMean, gst_act_cuda_cluster_mean, GST_TYPE_ACT_CUDA_CLUSTER)
G_DEFINE_TYPE (
    GstActCudaClusterSum, gst_act_cuda_cluster_sum, GST_TYPE_ACT_CUDA_CLUSTER)

GST_ELEMENT_REGISTER_DEFINE (cudaactclustermax, "cudaactclustermax",
    GST_RANK_NONE, gst_act_cuda_cluster_max_get_type ())
GST_ELEMENT_REGISTER_DEFINE (cudaactclustermean, "cudaactclustermean",
    GST_RANK_NONE, gst_act_cuda_cluster_mean_get_type ())
GST_ELEMENT_REGISTER_DEFINE (cudaactclustersum, "cudaactclustersum",
    GST_RANK_NONE, gst_act_cuda_cluster_sum_get_type ())

static void
set_kind (gpointer klass, ActGpuReduction kind, const gchar *reduction,
    const gchar *name, const gchar *description)
{
  GST_ACT_CUDA_CLUSTER_CLASS (klass)->kind = kind;
  GST_ACT_CLUSTER_BASE_CLASS (klass)->reduction = reduction;
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), name,
      "Filter/Activations", description, "The gst-activations authors");
}

static void
gst_act_cuda_cluster_max_class_init (GstActCudaClusterMaxClass *klass)
{
  set_kind (klass, ACT_GPU_CLUSTER_MAX, "max",
      "CUDA cluster activations, maximum",
      "Activation of each cluster of components: the largest among its members "
      "that are alive, on a CUDA device");
}

static void
gst_act_cuda_cluster_mean_class_init (GstActCudaClusterMeanClass *klass)
{
  set_kind (klass, ACT_GPU_CLUSTER_MEAN, "mean",
      "CUDA cluster activations, mean",
      "Activation of each cluster of components: the mean of all its members, "
      "dead ones counted as 0, on a CUDA device");
}

static void
gst_act_cuda_cluster_sum_class_init (GstActCudaClusterSumClass *klass)
{
  set_kind (klass, ACT_GPU_CLUSTER_SUM, "sum", "CUDA cluster activations, sum",
      "Activation of each cluster of components: the sum of its members, on a "
      "CUDA device");
}

static void
gst_act_cuda_cluster_max_init (GstActCudaClusterMax *self)
{
}

static void
gst_act_cuda_cluster_mean_init (GstActCudaClusterMean *self)
{
}

static void
gst_act_cuda_cluster_sum_init (GstActCudaClusterSum *self)
{
}
