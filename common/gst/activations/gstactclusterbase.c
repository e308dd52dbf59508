/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gst/activations/gstactclusterbase.h>

#include <gst/activations/gstacterror.h>
#include <gst/activations/gstactevents.h>

#include "gst/activations/gstactassignment-private.h"
#include "gst/activations/gstactcomponents-private.h"
#include "gst/activations/gstactmemory-private.h"

/**
 * SECTION:gstactclusterbase
 * @short_description: base class of the clustering elements
 *
 * Sink: component activations (n_positions, n_components), CSR or dense.
 * Src: the same batch with cluster activations (n_positions, n_clusters) in
 * CSR added to it.
 *
 * A subclass implements #GstActClusterBaseClass.reduce: a call gets the
 * components of a batch and appends a row for each position. Everything else
 * is here: the properties "clusters", "iteration" and "run", caps, the blocks,
 * the `act-assignment` event, and checks of what comes in and of what the
 * subclass gives. Whether a component may be in several clusters is up to the
 * subclass; gst_act_assignment_get_partition() refuses that.
 */

GST_DEBUG_CATEGORY_STATIC (cluster_base_debug);
#define GST_CAT_DEFAULT cluster_base_debug

typedef struct {
  /* properties */
  gchar *clusters;
  gint iteration;
  gint ensemble_run;
  gchar *run;

  ActClusterFile *file;  /* from start to stop, if there is one */
  gboolean holds_memory; /* from start to stop */

  /* streaming thread only */
  GstActInfo *info;     /* what the sink caps say; from the run's first on */
  GstActInfo *out_info; /* what the source caps say */
  GstActAssignment *assignment;
  gboolean announced; /* whether the assignment's event was pushed */
  GstCaps *refused;   /* caps that an error was posted about */
} GstActClusterBasePrivate;

enum {
  PROP_CLUSTERS = 1,
  PROP_ITERATION,
  PROP_ENSEMBLE_RUN,
  PROP_RUN,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_COMPONENTS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ACT_CLUSTERS_CAPS));

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (
    GstActClusterBase, gst_act_cluster_base, GST_TYPE_BASE_TRANSFORM)

#define PRIVATE(self)                                                          \
  ((GstActClusterBasePrivate *) gst_act_cluster_base_get_instance_private (    \
      self))

static GstActAssignment *
gst_act_cluster_base_assign_default (
    GstActClusterBase *self, GstActInfo *info, GError **error)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);

  if (priv->file == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'clusters' is not set, expected a clusters.json or the zip "
        "of a merge history");
    return NULL;
  }
  return gst_act_assignment_new_from_cluster_file (
      info, priv->run, priv->file, priv->clusters, error);
}

/**
 * gst_act_cluster_base_assign:
 * @self: a clustering element
 * @info: what the component caps say
 * @error: return location for an error
 *
 * Makes the assignment for components as @info says.
 *
 * Returns: (transfer full): the assignment
 */
GstActAssignment *
gst_act_cluster_base_assign (
    GstActClusterBase *self, GstActInfo *info, GError **error)
{
  g_return_val_if_fail (GST_IS_ACT_CLUSTER_BASE (self), NULL);

  return GST_ACT_CLUSTER_BASE_GET_CLASS (self)->assign (self, info, error);
}

/**
 * gst_act_cluster_base_reduce:
 * @self: a clustering element
 * @components: the component activations of a batch
 * @clusters: where to append a row for each position
 * @error: return location for an error
 *
 * Makes the cluster activations of a batch.
 *
 * Returns: %TRUE if all rows were appended
 */
gboolean
gst_act_cluster_base_reduce (GstActClusterBase *self,
    GstActComponents *components, GstActClusters *clusters, GError **error)
{
  GstActClusterBaseClass *klass;

  g_return_val_if_fail (GST_IS_ACT_CLUSTER_BASE (self), FALSE);

  klass = GST_ACT_CLUSTER_BASE_GET_CLASS (self);
  if (klass->reduce == NULL) {
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_UNSUPPORTED,
        "%s does not implement 'reduce'", G_OBJECT_TYPE_NAME (self));
    return FALSE;
  }
  return klass->reduce (self, components, clusters, error);
}

/**
 * gst_act_cluster_base_get_assignment:
 * @self: a clustering element
 *
 * For subclasses, in the streaming thread: the assignment in use.
 *
 * Returns: (transfer none) (nullable): the assignment, %NULL before caps
 */
GstActAssignment *
gst_act_cluster_base_get_assignment (GstActClusterBase *self)
{
  g_return_val_if_fail (GST_IS_ACT_CLUSTER_BASE (self), NULL);

  return PRIVATE (self)->assignment;
}

/* All batches of a run have the same labels and sequence length: what was
 * stored of it could not be put together otherwise. */
static gboolean
check_same_run (
    GstActClusterBasePrivate *priv, const GstActInfo *info, GError **error)
{
  if (priv->info == NULL || gst_act_info_same_shape (priv->info, info))
    return TRUE;
  if (priv->info->sequence_length != info->sequence_length)
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "the sequence length changes from %u to %u in the middle of a run",
        priv->info->sequence_length, info->sequence_length);
  else
    g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_MISMATCH,
        "modules, components or vocabulary change in the middle of a run "
        "(%u components, before %u)",
        info->n_components, priv->info->n_components);
  return FALSE;
}

/* Makes the assignment when the first caps come. */
static gboolean
settle (GstActClusterBase *self, const GstCaps *caps, GError **error)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GstActInfo) info = gst_act_info_new_from_caps (caps, error);

  if (info == NULL || !check_same_run (priv, info, error))
    return FALSE;
  if (priv->assignment == NULL) {
    priv->assignment = gst_act_cluster_base_assign (self, info, error);
    if (priv->assignment == NULL) {
      if (error != NULL && *error == NULL)
        g_set_error (error, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
            "%s made no assignment and gave no reason",
            G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }
    GST_INFO_OBJECT (self, "%u clusters of %u components, run '%s'",
        gst_act_assignment_get_n_clusters (priv->assignment),
        info->n_components, gst_act_assignment_get_run (priv->assignment));
  }
  g_clear_pointer (&priv->info, gst_act_info_unref);
  priv->info = g_steal_pointer (&info);
  return TRUE;
}

static GstCaps *
gst_act_cluster_base_transform_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  GstCaps *out = gst_act_caps_rename (caps,
      direction == GST_PAD_SINK ? GST_ACT_MEDIA_TYPE_CLUSTERS
                                : GST_ACT_MEDIA_TYPE_COMPONENTS);

  if (filter != NULL) {
    GstCaps *all = out;

    out = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  return out;
}

/* GstBaseTransform offers refused caps again and again: one message is enough
 */
static void
refuse (GstActClusterBase *self, GstCaps *caps, const GError *error)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);

  if (priv->refused == NULL || !gst_caps_is_equal (priv->refused, caps))
    gst_act_element_post_error (GST_ELEMENT (self), error);
  gst_caps_replace (&priv->refused, caps);
}

/* The clusters are known only once the components are: so these fields are
 * added here, and what is wrong with the file is said here. */
static GstCaps *
gst_act_cluster_base_fixate_caps (GstBaseTransform *trans,
    GstPadDirection direction, GstCaps *caps, GstCaps *othercaps)
{
  GstActClusterBase *self = GST_ACT_CLUSTER_BASE (trans);
  GstActClusterBaseClass *klass = GST_ACT_CLUSTER_BASE_GET_CLASS (self);
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GError) error = NULL;
  GstCaps *out;

  if (direction != GST_PAD_SINK || !gst_caps_is_fixed (caps))
    return gst_caps_fixate (othercaps);
  if (!settle (self, caps, &error)) {
    refuse (self, caps, error);
    gst_caps_unref (othercaps);
    return gst_caps_new_empty ();
  }
  out = gst_caps_make_writable (gst_caps_truncate (othercaps));
  gst_caps_set_simple (out, "clusters", G_TYPE_INT,
      (gint) gst_act_assignment_get_n_clusters (priv->assignment), "assignment",
      G_TYPE_STRING, gst_act_assignment_get_fingerprint (priv->assignment),
      NULL);
  if (klass->reduction != NULL)
    gst_caps_set_simple (
        out, "reduction", G_TYPE_STRING, klass->reduction, NULL);
  return gst_caps_fixate (out);
}

static gboolean
gst_act_cluster_base_set_caps (
    GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstActClusterBase *self = GST_ACT_CLUSTER_BASE (trans);
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&priv->out_info, gst_act_info_unref);
  priv->out_info = gst_act_info_new_from_caps (outcaps, &error);
  if (priv->out_info == NULL) {
    refuse (self, incaps, error);
    return FALSE;
  }
  gst_clear_caps (&priv->refused);
  return TRUE;
}

/* It is sticky: once is enough. */
static void
announce (GstActClusterBase *self)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);

  if (priv->announced || priv->assignment == NULL)
    return;
  gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self),
      gst_act_event_new_assignment (priv->assignment));
  priv->announced = TRUE;
}

/* After SEGMENT, and not with the first buffer: a run may have none. Sources
 * send EOS without a segment then. */
static gboolean
gst_act_cluster_base_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);
  gboolean ret;

  if (type == GST_EVENT_EOS)
    announce (GST_ACT_CLUSTER_BASE (trans));
  ret = GST_BASE_TRANSFORM_CLASS (gst_act_cluster_base_parent_class)
            ->sink_event (trans, event);
  if (type == GST_EVENT_SEGMENT)
    announce (GST_ACT_CLUSTER_BASE (trans));
  return ret;
}

/* The earlier blocks stay as they are: new ones are added to the same buffer,
 * or to a shallow copy where others have it too. */
static GstFlowReturn
gst_act_cluster_base_prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *input, GstBuffer **output)
{
  *output = gst_buffer_is_writable (input) ? input : gst_buffer_copy (input);
  return GST_FLOW_OK;
}

static gboolean
reduce_batch (GstActClusterBase *self, const GstActBatch *batch,
    GstBuffer *buffer, GError **error)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GstActComponents) components = gst_act_components_new (batch);
  g_autoptr (GstActClusters) clusters = gst_act_clusters_new (
      batch->n_positions, gst_act_assignment_get_n_clusters (priv->assignment));
  GError *reason = NULL;
  gboolean done;

  done = gst_act_cluster_base_reduce (self, components, clusters, &reason);
  gst_act_components_detach (components);
  if (done && reason == NULL)
    done = gst_act_clusters_store (clusters, buffer, &reason);
  else if (reason == NULL)
    /* a binding may lose an exception on the way */
    g_set_error (&reason, GST_ACT_ERROR, GST_ACT_ERROR_FAILED,
        "%s: 'reduce' failed and gave no reason; in a language binding, an "
        "exception or a missing return value, see what it printed",
        G_OBJECT_TYPE_NAME (self));
  if (reason == NULL)
    return done;
  g_propagate_prefixed_error (
      error, reason, "batch %" G_GUINT64_FORMAT ": ", batch->batch_index);
  return FALSE;
}

/* Looking for what is not finite is a reading of all values, and so is part of
 * the reduction where that can do it. */
static gboolean
check_and_reduce (GstActClusterBase *self, const GstActBatch *batch,
    GstBuffer *buffer, GError **error)
{
  const GstActInfo *info = PRIVATE (self)->info;
  g_autoptr (GError) reason = NULL;

  if (!GST_ACT_CLUSTER_BASE_GET_CLASS (self)->checks_finite)
    return gst_act_batch_check_finite (batch, info, error)
        && reduce_batch (self, batch, buffer, error);
  if (reduce_batch (self, batch, buffer, &reason))
    return TRUE;
  if (gst_act_batch_check_finite (batch, info, error))
    g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static GstFlowReturn
gst_act_cluster_base_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstActClusterBase *self = GST_ACT_CLUSTER_BASE (trans);
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GError) error = NULL;
  GstActBatch batch;
  gboolean done;

  if (!gst_act_batch_map (
          &batch, buffer, priv->info, GST_ACT_MAP_COMPONENTS, &error)) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  done = check_and_reduce (self, &batch, buffer, &error);
  gst_act_batch_unmap (&batch);
  if (!done) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  return GST_FLOW_OK;
}

/* no pool: what is added belongs to nobody else */
static gboolean
gst_act_cluster_base_decide_allocation (
    GstBaseTransform *trans, GstQuery *query)
{
  return TRUE;
}

static gboolean
gst_act_cluster_base_start (GstBaseTransform *trans)
{
  GstActClusterBase *self = GST_ACT_CLUSTER_BASE (trans);
  GstActClusterBaseClass *klass = GST_ACT_CLUSTER_BASE_GET_CLASS (self);
  GstActClusterBasePrivate *priv = PRIVATE (self);
  g_autoptr (GError) error = NULL;

  priv->announced = FALSE;
  if (priv->clusters != NULL) {
    priv->file = act_cluster_file_read (
        priv->clusters, priv->iteration, priv->ensemble_run, &error);
  } else if (klass->assign == gst_act_cluster_base_assign_default) {
    g_set_error (&error, GST_ACT_ERROR, GST_ACT_ERROR_SETTINGS,
        "property 'clusters' is not set, expected a clusters.json or the zip "
        "of a merge history");
  }
  if (error != NULL) {
    gst_act_element_post_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  gst_act_memory_hold ();
  priv->holds_memory = TRUE;
  return TRUE;
}

static gboolean
gst_act_cluster_base_stop (GstBaseTransform *trans)
{
  GstActClusterBasePrivate *priv = PRIVATE (GST_ACT_CLUSTER_BASE (trans));

  g_clear_pointer (&priv->file, act_cluster_file_free);
  gst_clear_caps (&priv->refused);
  g_clear_pointer (&priv->info, gst_act_info_unref);
  g_clear_pointer (&priv->out_info, gst_act_info_unref);
  g_clear_pointer (&priv->assignment, gst_act_assignment_unref);
  if (priv->holds_memory)
    gst_act_memory_release ();
  priv->holds_memory = FALSE;
  return TRUE;
}

static void
gst_act_cluster_base_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstActClusterBasePrivate *priv = PRIVATE (GST_ACT_CLUSTER_BASE (object));

  GST_OBJECT_LOCK (object);
  switch (id) {
  case PROP_CLUSTERS:
    g_free (priv->clusters);
    priv->clusters = g_value_dup_string (value);
    break;
  case PROP_ITERATION:
    priv->iteration = g_value_get_int (value);
    break;
  case PROP_ENSEMBLE_RUN:
    priv->ensemble_run = g_value_get_int (value);
    break;
  case PROP_RUN:
    g_free (priv->run);
    priv->run = g_value_dup_string (value);
    if (priv->run == NULL)
      priv->run = g_strdup ("");
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_act_cluster_base_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstActClusterBasePrivate *priv = PRIVATE (GST_ACT_CLUSTER_BASE (object));

  GST_OBJECT_LOCK (object);
  switch (id) {
  case PROP_CLUSTERS:
    g_value_set_string (value, priv->clusters);
    break;
  case PROP_ITERATION:
    g_value_set_int (value, priv->iteration);
    break;
  case PROP_ENSEMBLE_RUN:
    g_value_set_int (value, priv->ensemble_run);
    break;
  case PROP_RUN:
    g_value_set_string (value, priv->run);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_act_cluster_base_finalize (GObject *object)
{
  GstActClusterBasePrivate *priv = PRIVATE (GST_ACT_CLUSTER_BASE (object));

  gst_act_cluster_base_stop (GST_BASE_TRANSFORM (object));
  g_free (priv->clusters);
  g_free (priv->run);
  G_OBJECT_CLASS (gst_act_cluster_base_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * GstActClusterBase:clusters:
   *
   * The file that says which components are in which cluster.
   */
  props[PROP_CLUSTERS] = g_param_spec_string ("clusters", "Clusters",
      "What says which components are in which cluster: a clusters.json "
      "({\"id\": [\"module:index\", ...], ...}), the zip of a merge history, a "
      "cluster map, the folder or .npz of an ensemble; or \"singletons\", each "
      "component a cluster of its own",
      NULL,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  /**
   * GstActClusterBase:iteration:
   *
   * The row of a merge history, or the number that goes into the ids.
   */
  props[PROP_ITERATION] = g_param_spec_int ("iteration", "Iteration",
      "Which row of a merge history or ensemble to use, counted from 0, or "
      "from the end "
      "if negative (-1: the last); with a clusters.json only the number that "
      "goes into the clusters' names run-iteration-id (-1 stands for 0)",
      G_MININT, G_MAXINT, -1,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  /**
   * GstActClusterBase:ensemble-run:
   *
   * The run of an ensemble.
   */
  props[PROP_ENSEMBLE_RUN] = g_param_spec_int ("ensemble-run", "Ensemble run",
      "Which run of an ensemble to use, counted from 0; -1: it has one alone",
      -1, G_MAXINT, -1,
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  /**
   * GstActClusterBase:run:
   *
   * Name of the clustering run, first part of the clusters' names.
   */
  props[PROP_RUN] = g_param_spec_string ("run", "Run",
      "Name of the clustering run, the first part of the clusters' names "
      "run-iteration-id; any text",
      "run",
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gst_act_cluster_base_class_init (GstActClusterBaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (cluster_base_debug, "actclusterbase", 0,
      "base class of clustering elements");

  object_class->set_property = gst_act_cluster_base_set_property;
  object_class->get_property = gst_act_cluster_base_get_property;
  object_class->finalize = gst_act_cluster_base_finalize;
  install_properties (object_class);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  trans_class->start = GST_DEBUG_FUNCPTR (gst_act_cluster_base_start);
  trans_class->stop = GST_DEBUG_FUNCPTR (gst_act_cluster_base_stop);
  trans_class->transform_caps =
      GST_DEBUG_FUNCPTR (gst_act_cluster_base_transform_caps);
  trans_class->fixate_caps =
      GST_DEBUG_FUNCPTR (gst_act_cluster_base_fixate_caps);
  trans_class->set_caps = GST_DEBUG_FUNCPTR (gst_act_cluster_base_set_caps);
  trans_class->sink_event = GST_DEBUG_FUNCPTR (gst_act_cluster_base_sink_event);
  trans_class->decide_allocation =
      GST_DEBUG_FUNCPTR (gst_act_cluster_base_decide_allocation);
  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_act_cluster_base_prepare_output_buffer);
  trans_class->transform_ip =
      GST_DEBUG_FUNCPTR (gst_act_cluster_base_transform_ip);

  klass->assign = gst_act_cluster_base_assign_default;
}

static void
gst_act_cluster_base_init (GstActClusterBase *self)
{
  GstActClusterBasePrivate *priv = PRIVATE (self);

  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  priv->iteration = -1;
  priv->ensemble_run = -1;
  priv->run = g_strdup ("run");
}

/**
 * gst_act_cluster_base_class_set_reduction:
 * @klass: a class that is derived from #GstActClusterBaseClass
 * @reduction: (nullable): name of the reduction
 *
 * Sets the name that the caps give the reduction, for languages that cannot
 * set a field of a class. Once, before there is an element of the class.
 */
void
gst_act_cluster_base_class_set_reduction (
    GstActClusterBaseClass *klass, const gchar *reduction)
{
  g_return_if_fail (GST_IS_ACT_CLUSTER_BASE_CLASS (klass));

  /* as a class, it is never freed */
  klass->reduction = g_intern_string (reduction);
}
