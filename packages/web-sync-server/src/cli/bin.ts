#!/usr/bin/env node
/** The oldest Node whose `node:sqlite` does what the storage needs. */
const NEEDED_NODE = 24

// Told before anything is imported: an older Node knows no `node:sqlite` and would fail with a stack that says nothing.
if (Number.parseInt(process.versions.node, 10) < NEEDED_NODE) {
  console.error(
    `web-sync-server needs Node ${NEEDED_NODE} or newer; this is ${process.versions.node}. Without installing one: npx -p node@${NEEDED_NODE} -- node node_modules/.bin/web-sync-server`,
  )
  process.exitCode = 1
} else {
  await import('./main.ts')
}
