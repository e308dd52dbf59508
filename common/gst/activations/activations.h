/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* the whole public interface of libgstactivations-1.0 */
#include <gst/activations/gstactprelude.h>
#include <gst/activations/gstacterror.h>
#include <gst/activations/gstactcaps.h>
#include <gst/activations/gstactmemory.h>
#include <gst/activations/gstactbatchmeta.h>
#include <gst/activations/gstactcomponents.h>
#include <gst/activations/gstactassignment.h>
#include <gst/activations/gstactvocabulary.h>
#include <gst/activations/gstactevents.h>
#include <gst/activations/gstactrecordmeta.h>
#include <gst/activations/gstactsamplelength.h>
#include <gst/activations/gstactstored.h>
#include <gst/activations/gstactclusterbase.h>
