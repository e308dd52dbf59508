/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <formats/json.h>
#include <reading/examplesread.h>

/* Parts of what --json gives, whose keys docs/formats.md names. Each adds
 * members to the object that is open. */

/* "dashboard" */
void act_show_json_folder (
    ActJsonWriter *json, const ActShownDashboard *dashboard);
void act_show_json_cluster (ActJsonWriter *json,
    const ActShownDashboard *dashboard, const ActShownCluster *cluster);
/* the facts beyond those */
void act_show_json_facts (
    ActJsonWriter *json, ActTokenKind kind, const ActShownFacts *facts);
void act_show_json_member (ActJsonWriter *json, const ActShownMember *member);
void act_show_json_examples (
    ActJsonWriter *json, ActTokenKind kind, const GPtrArray *examples);
/* a string that may hold U+0000 */
void act_show_json_string (
    ActJsonWriter *json, const char *key, const GString *string);
/* "token" and "text" */
void act_show_json_token (
    ActJsonWriter *json, ActTokenKind kind, const GString *token);
/* null if negative */
void act_show_json_rate (ActJsonWriter *json, const char *key, double rate);
