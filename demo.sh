#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# From nothing to a dashboard: installs what is missing, builds, and runs the
# sample model over the licence texts that every Debian system has.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/setup.sh

output=demo-output/licences
model=samples/licences-model

need_packages "${BUILD_PACKAGES[@]}"

say 'building'
configure build-demo --buildtype=release -Dtests=disabled -Dexamples=disabled \
  -Dintrospection=disabled
ninja -C build-demo

say 'running the sample model over /usr/share/common-licenses'
mkdir -p "${output%/*}"
meson devenv -C build-demo gst-activations dashboard \
  --model "$PWD/$model" --text /usr/share/common-licenses \
  --output "$PWD/$output" --overwrite --report "$PWD/$output-report.json"

say 'what is in it'
python3 examples/show_dashboard.py "$output"
printf '\nThe dashboard: %s\nIts page, to open in a browser: file://%s\n' "$PWD/$output" "$PWD/$output/index.html"
cat <<END

Next, in the shell that 'meson devenv -C build-demo -w .' opens here:
  gst-activations show $output     the clusters in the terminal; --cluster NAME, one of them
  gst-activations view $output     the page in the browser; 'export' makes one file of it
  gst-activations dashboard --model $model --text FILE... --output DIR
                              your own texts; add --store DIR and it goes on after a stop
  gst-inspect-1.0 actforward  what an element does; docs/guide.md, how to put them together
END
