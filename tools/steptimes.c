/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* the hooks are there wherever GStreamer was not built without them */
#define GST_USE_UNSTABLE_API
#include "steptimes.h"

#include <time.h>

#include <gst/activations/activations.h>
#include <gst/gsttracer.h>

#define MAX_NESTING 64

/* what is added to by the streaming threads */
typedef struct {
  GstElement *element;
  gint64 wall_ns;
  gint64 cpu_ns;
  guint64 n_in, n_samples_in;
  guint64 n_out, n_samples_out;
} Counter;

struct _ActStepTimes {
  GPtrArray *counters; /* of Counter, in the order of flow */
};

/* where a thread is: the elements whose code it is in, innermost last */
typedef struct {
  Counter *stack[MAX_NESTING];
  guint depth;
  gint64 wall_ns, cpu_ns;
} Thread;

static GPrivate current_thread = G_PRIVATE_INIT (g_free);

static GQuark
counter_quark (void)
{
  return g_quark_from_static_string ("act-step-counter");
}

static gint64
read_clock (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static Counter *
counter_of_pad (GstPad *pad)
{
  GstObject *parent = pad ? GST_OBJECT_PARENT (pad) : NULL;

  if (parent == NULL)
    return NULL;
  return g_object_get_qdata (G_OBJECT (parent), counter_quark ());
}

/* gives the time since the last call to the innermost element */
static void
settle (Thread *thread)
{
  gint64 wall = read_clock (CLOCK_MONOTONIC);
  gint64 cpu = read_clock (CLOCK_THREAD_CPUTIME_ID);
  Counter *top = NULL;

  if (thread->depth > 0 && thread->depth <= MAX_NESTING)
    top = thread->stack[thread->depth - 1];
  if (top != NULL) {
    __atomic_fetch_add (
        &top->wall_ns, wall - thread->wall_ns, __ATOMIC_RELAXED);
    __atomic_fetch_add (&top->cpu_ns, cpu - thread->cpu_ns, __ATOMIC_RELAXED);
  }
  thread->wall_ns = wall;
  thread->cpu_ns = cpu;
}

static void
enter (Thread *thread, Counter *counter)
{
  if (thread->depth < MAX_NESTING)
    thread->stack[thread->depth] = counter;
  thread->depth++;
}

/* Pad pushes: its element's part ends, its peer's begins. Whose loop a thread
 * runs shows when that pushes, and stays at the bottom; a thread that pushes
 * from no loop (an application's) has nobody there. */
static void
push_begins (GstPad *pad)
{
  Thread *thread = g_private_get (&current_thread);
  Counter *here = counter_of_pad (pad);
  Counter *peer = counter_of_pad (GST_PAD_PEER (pad));

  if (thread == NULL) {
    thread = g_new0 (Thread, 1);
    g_private_set (&current_thread, thread);
  }
  if (thread->depth <= 1) {
    Counter *base = GST_PAD_TASK (pad) ? here : NULL;

    /* threads are used again for other loops */
    if (thread->depth == 0 || thread->stack[0] != base)
      thread->depth = 0;
    settle (thread);
    if (thread->depth == 0)
      enter (thread, base);
  } else {
    settle (thread);
  }
  /* a pad of a bin passes on within the same push */
  enter (thread, peer ? peer : here);
}

static void
push_ends (void)
{
  Thread *thread = g_private_get (&current_thread);

  if (thread == NULL || thread->depth < 2)
    return;
  settle (thread);
  thread->depth--;
}

static void
count_buffer (GstPad *pad, GstBuffer *buffer)
{
  Counter *from = counter_of_pad (pad);
  Counter *to = counter_of_pad (GST_PAD_PEER (pad));
  GstActBatchMeta *meta = gst_act_batch_meta_get (buffer);
  guint64 n_samples = meta ? meta->n_samples : 0;

  if (from) {
    __atomic_fetch_add (&from->n_out, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add (&from->n_samples_out, n_samples, __ATOMIC_RELAXED);
  }
  if (to) {
    __atomic_fetch_add (&to->n_in, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add (&to->n_samples_in, n_samples, __ATOMIC_RELAXED);
  }
}

static void
on_push_pre (GObject *tracer, GstClockTime time, GstPad *pad, GstBuffer *buffer)
{
  count_buffer (pad, buffer);
  push_begins (pad);
}

static void
on_push_post (
    GObject *tracer, GstClockTime time, GstPad *pad, GstFlowReturn result)
{
  push_ends ();
}

static void
on_push_list_pre (
    GObject *tracer, GstClockTime time, GstPad *pad, GstBufferList *list)
{
  for (guint i = 0; i < gst_buffer_list_length (list); i++)
    count_buffer (pad, gst_buffer_list_get (list, i));
  push_begins (pad);
}

/* A store drains while it is pushed its EOS event. Events that go upstream
 * cross other threads' time and are left out. */
static void
on_push_event_pre (
    GObject *tracer, GstClockTime time, GstPad *pad, GstEvent *event)
{
  if (GST_PAD_IS_SRC (pad))
    push_begins (pad);
}

static void
on_push_event_post (
    GObject *tracer, GstClockTime time, GstPad *pad, gboolean result)
{
  if (GST_PAD_IS_SRC (pad))
    push_ends ();
}

typedef GstTracer ActStepTracer;
typedef GstTracerClass ActStepTracerClass;

GType act_step_tracer_get_type (void);
G_DEFINE_TYPE (ActStepTracer, act_step_tracer, GST_TYPE_TRACER)

static void
act_step_tracer_class_init (ActStepTracerClass *klass)
{
}

static void
act_step_tracer_init (ActStepTracer *self)
{
}

/* hooks cannot be taken back, so they are set once for the process */
static void
register_hooks (void)
{
  static gsize done = 0;

  if (g_once_init_enter (&done)) {
    GstTracer *tracer = g_object_new (act_step_tracer_get_type (), NULL);

    gst_tracing_register_hook (
        tracer, "pad-push-pre", G_CALLBACK (on_push_pre));
    gst_tracing_register_hook (
        tracer, "pad-push-post", G_CALLBACK (on_push_post));
    gst_tracing_register_hook (
        tracer, "pad-push-list-pre", G_CALLBACK (on_push_list_pre));
    gst_tracing_register_hook (
        tracer, "pad-push-list-post", G_CALLBACK (on_push_post));
    gst_tracing_register_hook (
        tracer, "pad-push-event-pre", G_CALLBACK (on_push_event_pre));
    gst_tracing_register_hook (
        tracer, "pad-push-event-post", G_CALLBACK (on_push_event_post));
    gst_object_unref (tracer); /* the hooks hold it */
    g_once_init_leave (&done, 1);
  }
}

static void
counter_free (Counter *counter)
{
  g_object_set_qdata (G_OBJECT (counter->element), counter_quark (), NULL);
  gst_object_unref (counter->element);
  g_free (counter);
}

/* the bin gives its elements from the sinks to the sources */
static void
add_elements (ActStepTimes *self, GstBin *bin)
{
  g_autoptr (GstIterator) iterator = gst_bin_iterate_sorted (bin);
  g_auto (GValue) item = G_VALUE_INIT;

  while (gst_iterator_next (iterator, &item) == GST_ITERATOR_OK) {
    GstElement *element = g_value_get_object (&item);

    if (GST_IS_BIN (element)) {
      add_elements (self, GST_BIN (element));
    } else {
      Counter *counter = g_new0 (Counter, 1);

      counter->element = gst_object_ref (element);
      g_object_set_qdata (G_OBJECT (element), counter_quark (), counter);
      g_ptr_array_insert (self->counters, 0, counter);
    }
    g_value_reset (&item);
  }
}

ActStepTimes *
act_step_times_new (GstElement *pipeline)
{
  ActStepTimes *self = g_new0 (ActStepTimes, 1);

  self->counters =
      g_ptr_array_new_with_free_func ((GDestroyNotify) counter_free);
  add_elements (self, GST_BIN (pipeline));
  register_hooks ();
  return self;
}

void
act_step_times_free (ActStepTimes *self)
{
  g_ptr_array_unref (self->counters);
  g_free (self);
}

/* of threads that the element started itself */
static gint64
worker_cpu_ns (GstElement *element)
{
  GParamSpec *property = g_object_class_find_property (
      G_OBJECT_GET_CLASS (element), "worker-cpu-time");
  guint64 time = 0;

  if (property != NULL && property->value_type == G_TYPE_UINT64)
    g_object_get (element, "worker-cpu-time", &time, NULL);
  return (gint64) time;
}

GArray *
act_step_times_get_steps (const ActStepTimes *self)
{
  GArray *steps = g_array_new (FALSE, TRUE, sizeof (ActStep));

  for (guint i = 0; i < self->counters->len; i++) {
    Counter *counter = g_ptr_array_index (self->counters, i);
    GstElementFactory *factory = gst_element_get_factory (counter->element);
    gboolean is_source = counter->element->numsinkpads == 0;
    ActStep step = { GST_OBJECT_NAME (counter->element) };

    if (factory) {
      step.factory = GST_OBJECT_NAME (factory);
      step.plugin =
          gst_plugin_feature_get_plugin_name (GST_PLUGIN_FEATURE (factory));
    }
    step.n_buffers = is_source ? counter->n_out : counter->n_in;
    step.n_samples = is_source ? counter->n_samples_out : counter->n_samples_in;
    step.wall_ns = counter->wall_ns;
    step.cpu_ns = counter->cpu_ns + worker_cpu_ns (counter->element);
    g_array_append_val (steps, step);
  }
  return steps;
}

guint64
act_step_times_get_n_samples (const ActStepTimes *self)
{
  guint64 n_samples = 0;

  for (guint i = 0; i < self->counters->len; i++) {
    Counter *counter = g_ptr_array_index (self->counters, i);

    n_samples = MAX (n_samples, counter->n_samples_in);
    n_samples = MAX (n_samples, counter->n_samples_out);
  }
  return n_samples;
}
