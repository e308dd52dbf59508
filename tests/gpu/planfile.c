/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "planfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

typedef struct {
  const char *path;
  FILE *lines;
  float *floats;
  size_t n_floats;
  const ActGpuProducts *products;
  PlanFile *plan;
} Reader;

static void
refuse (const Reader *reader, const char *what)
{
  printf ("Bail out! %s: %s\n", reader->path, what);
  exit (1);
}

static long long
number (const Reader *reader)
{
  long long value;

  if (fscanf (reader->lines, "%lld", &value) != 1)
    refuse (reader, "a number is missing");
  return value;
}

static void
word (const Reader *reader, const char *expected)
{
  char found[32];

  if (fscanf (reader->lines, "%31s", found) != 1
      || strcmp (found, expected) != 0)
    refuse (reader, expected);
}

/* a whole file; size in bytes */
static void *
slurp (const Reader *reader, const char *ending, size_t *size)
{
  char name[4096];
  FILE *file;
  void *data;
  long length;

  snprintf (name, sizeof name, "%s%s", reader->path, ending);
  file = fopen (name, "rb");
  if (file == NULL || fseek (file, 0, SEEK_END) != 0
      || (length = ftell (file)) < 0)
    refuse (reader, ending);
  rewind (file);
  *size = (size_t) length;
  data = malloc (*size + 1);
  if (fread (data, 1, *size, file) != *size)
    refuse (reader, ending);
  fclose (file);
  return data;
}

/* where and how many, as the lines have them; NULL: none */
static const float *
floats (const Reader *reader, size_t *n)
{
  long long at = number (reader), size = number (reader);

  *n = at >= 0 ? (size_t) size : 0;
  if (at < 0)
    return NULL;
  if (size < 0 || (size_t) at + (size_t) size > reader->n_floats)
    refuse (reader, "weights beyond the end of the file");
  return reader->floats + at;
}

static const float *
vector (const Reader *reader)
{
  size_t n;
  const float *host = floats (reader, &n);

  reader->plan->weights_size += n * sizeof *host;
  return host != NULL ? device_copy (host, n * sizeof *host) : NULL;
}

static ActGpuMatrix
matrix (const Reader *reader, int product)
{
  size_t element = act_gpu_products_element_size (reader->products), n;
  const float *host = floats (reader, &n);
  float *copy;
  void *half;

  if (host == NULL)
    return NULL;
  copy = device_copy (host, n * sizeof *host);
  reader->plan->weights_size += n * (product ? element : sizeof *host);
  if (!product || element == sizeof *host)
    return copy;
  half = device_new (n * element);
  device_check (act_gpu_to_bf16 (n, copy, half, device_stream ()), "bfloat16");
  return half;
}

static void
read_head (const Reader *reader, ActGpuHead *head)
{
  word (reader, "head");
  head->kind = (ActGpuHeadKind) number (reader);
  head->sigmoid = (ActGpuSigmoid) number (reader);
  head->module = (uint32_t) number (reader);
  head->first_column = (uint32_t) number (reader);
  head->n_components = (uint32_t) number (reader);
  head->d_in = (uint32_t) number (reader);
  head->takes_tokens = (int) number (reader);
  head->v = matrix (reader, !head->takes_tokens);
  head->n_layers = (uint32_t) number (reader);
  if (head->n_layers < 1 || head->n_layers > ACT_GPU_MAX_LAYERS)
    refuse (reader, "number of layers");
  for (uint32_t i = 0; i < head->n_layers; i++) {
    ActGpuLayer *layer = &head->layers[i];
    int product;

    word (reader, "layer");
    layer->d_in = (uint32_t) number (reader);
    layer->d_out = (uint32_t) number (reader);
    product = (int) number (reader);
    layer->weight = matrix (reader, product);
    layer->bias = vector (reader);
  }
}

static ActGpuSlot
read_slot (const Reader *reader)
{
  ActGpuSlot slot;

  slot.buffer = (uint32_t) number (reader);
  slot.first = (uint32_t) number (reader);
  slot.width = (uint32_t) number (reader);
  return slot;
}

static void
read_op (const Reader *reader, ActGpuOp *op, long long n_heads)
{
  long long head;

  word (reader, "op");
  op->kind = (ActGpuOpKind) number (reader);
  for (int i = 0; i < 3; i++)
    op->in[i] = read_slot (reader);
  op->out = read_slot (reader);
  op->adds = (int) number (reader);
  op->weight = matrix (reader, op->kind == ACT_GPU_OP_LINEAR);
  op->bias = vector (reader);
  op->n_heads = (uint32_t) number (reader);
  op->n_kv_heads = (uint32_t) number (reader);
  op->head_size = (uint32_t) number (reader);
  if (fscanf (reader->lines, "%f", &op->eps) != 1)
    refuse (reader, "eps");
  head = number (reader);
  if (head >= n_heads)
    refuse (reader, "number of a head");
  op->head = head >= 0 ? &reader->plan->heads[head] : NULL;
}

static void
read_model (const Reader *reader)
{
  ActGpuForward *forward = &reader->plan->forward;

  word (reader, "plan");
  if (number (reader) != 1)
    refuse (reader, "version");
  forward->n_buffers = (uint32_t) number (reader);
  if (forward->n_buffers > ACT_GPU_MAX_BUFFERS)
    refuse (reader, "number of buffers");
  for (uint32_t i = 0; i < forward->n_buffers; i++)
    forward->widths[i] = (uint32_t) number (reader);
  word (reader, "model");
  forward->n_modules = (uint32_t) number (reader);
  forward->n_components = (uint32_t) number (reader);
  forward->vocab_size = (uint32_t) number (reader);
  forward->rotary_adjacent_pairs = (int) number (reader);
  reader->plan->length = (size_t) number (reader);
  word (reader, "rotary");
  forward->cos = vector (reader);
  forward->sin = vector (reader);
}

static void
read_expected (const Reader *reader)
{
  PlanFile *plan = reader->plan;
  const float *host;
  size_t n, size;

  word (reader, "expected");
  plan->n_samples = (size_t) number (reader);
  host = floats (reader, &n);
  if (plan->n_samples == 0)
    return;
  plan->expected = malloc (n * sizeof *host);
  memcpy (plan->expected, host, n * sizeof *host);
  plan->tokens = slurp (reader, ".tokens", &size);
  if (size != plan->n_samples * plan->length * sizeof (int32_t)
      || n != plan->n_samples * plan->length * plan->forward.n_components)
    refuse (reader, "sizes of tokens or expected values");
}

void
plan_file_read (
    PlanFile *plan, const char *path, const ActGpuProducts *products)
{
  Reader reader = { .path = path, .products = products, .plan = plan };
  char name[4096];
  size_t size;
  long long n;

  memset (plan, 0, sizeof *plan);
  snprintf (name, sizeof name, "%s.plan", path);
  reader.lines = fopen (name, "r");
  if (reader.lines == NULL)
    refuse (&reader, "cannot be read");
  reader.floats = slurp (&reader, ".bin", &size);
  reader.n_floats = size / sizeof (float);
  read_model (&reader);
  word (&reader, "heads");
  n = number (&reader);
  plan->heads = calloc ((size_t) n + 1, sizeof *plan->heads);
  for (long long i = 0; i < n; i++)
    read_head (&reader, &plan->heads[i]);
  word (&reader, "ops");
  plan->forward.n_ops = (uint32_t) number (&reader);
  plan->ops = calloc (plan->forward.n_ops, sizeof *plan->ops);
  for (uint32_t i = 0; i < plan->forward.n_ops; i++)
    read_op (&reader, &plan->ops[i], n);
  plan->forward.ops = plan->ops;
  read_expected (&reader);
  fclose (reader.lines);
  free (reader.floats);
}

void
plan_file_clear (PlanFile *plan)
{
  free (plan->heads);
  free (plan->ops);
  free (plan->tokens);
  free (plan->expected);
  device_free_all ();
}
