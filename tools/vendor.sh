#!/usr/bin/env bash
# Copies the browser libraries named in package.json into static/vendor, with their licences.
set -euo pipefail
cd "$(dirname "$0")/.."
npm ci --ignore-scripts --no-audit --no-fund 2>/dev/null || npm install --ignore-scripts --no-audit --no-fund
out=static/vendor
rm -rf "$out" && mkdir -p "$out/LICENSES"
cp node_modules/@tabler/core/dist/css/tabler.min.css node_modules/@tabler/core/dist/js/tabler.min.js "$out/"
cp node_modules/htmx.org/dist/htmx.min.js "$out/"
cp node_modules/tom-select/dist/css/tom-select.bootstrap5.min.css node_modules/tom-select/dist/js/tom-select.complete.min.js "$out/"
cp node_modules/driver.js/dist/driver.css node_modules/driver.js/dist/driver.js.iife.js "$out/"
cp node_modules/sortablejs/Sortable.min.js "$out/"
node_modules/.bin/esbuild tools/codemirror.js --bundle --minify --format=iife --legal-comments=none --outfile="$out/codemirror.min.js"
cp node_modules/axe-core/axe.min.js tests/browser/axe.min.js
mkdir -p "$out/icons"
for name in users user building-factory briefcase chart-bar chart-line target school calendar clipboard-check clipboard-list \
  scale star refresh book presentation list-check shirt home bell settings logout language moon sun plus pencil trash history \
  search filter download arrow-back-up checks report-money shopping-cart certificate clock route flag hierarchy; do
  file="node_modules/@tabler/icons/icons/outline/$name.svg"
  if [ -f "$file" ]; then cp "$file" "$out/icons/"; fi
done
for package in @codemirror/view @lezer/json @tabler/core @tabler/icons htmx.org sortablejs tom-select driver.js axe-core; do
  for licence in LICENSE LICENSE.md LICENSE.txt license; do
    if [ -f "node_modules/$package/$licence" ]; then cp "node_modules/$package/$licence" "$out/LICENSES/${package//\//-}.txt"; break; fi
  done
done
