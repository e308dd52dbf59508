/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meson writes the real one; common/sparse needs nothing of it */
#pragma once
