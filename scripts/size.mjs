/**
 * What an app gets of web-sync, entry by entry: bundled and minified as Vite does it for browsers, in bytes, plain and gzipped.
 *
 *   node scripts/size.mjs             a table
 *   node scripts/size.mjs --json      the same as JSON
 *   node scripts/size.mjs --modules   and the modules that each entry is made of, largest first (before minifying)
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { root } from './workspace.mjs'

/** The entries that a browser gets, and the source that each begins with. */
export const entries = {
  page: 'packages/web-sync/src/page/index.ts',
  worker: 'packages/web-sync/src/worker/worker.ts',
  'service-worker': 'packages/web-sync/src/service-worker/index.ts',
  register: 'packages/web-sync/src/page/register.ts',
}

/** Bundles one entry: `{bytes, gzipBytes, modules}`; `modules` has paths in the workspace, largest first, with bytes before minifying. */
export async function measure(entry) {
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { conditions: ['source', 'module', 'browser', 'production'] },
    worker: { format: 'es' },
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: { [entry]: join(root, entries[entry]) }, preserveEntrySignatures: 'strict' },
    },
  })
  const chunks = result.output.filter((file) => file.type === 'chunk')
  const code = chunks.map((chunk) => chunk.code).join('')
  const modules = chunks
    .flatMap((chunk) => Object.entries(chunk.modules))
    .map(([id, { renderedLength }]) => ({
      path: id.replace(/^.*\/node_modules\//, '').replace(root, ''),
      bytes: renderedLength,
    }))
    .filter(({ bytes }) => bytes > 0)
    .toSorted((a, b) => b.bytes - a.bytes)
  return { bytes: Buffer.byteLength(code), gzipBytes: gzipSync(code, { level: 9 }).byteLength, modules }
}

/** For JSON.stringify: leaves the modules out. */
function onlySizes(key, value) {
  return key === 'modules' ? undefined : value
}

async function main(args) {
  const measured = {}
  for (const entry of Object.keys(entries)) measured[entry] = await measure(entry)
  if (args.includes('--json')) {
    console.log(JSON.stringify(measured, args.includes('--modules') ? null : onlySizes, 2))
    return
  }
  console.log('entry            minified   min+gzip')
  for (const [entry, { bytes, gzipBytes, modules }] of Object.entries(measured)) {
    console.log(`${entry.padEnd(14)} ${kib(bytes)} ${kib(gzipBytes)}`)
    if (!args.includes('--modules')) continue
    for (const { path, bytes: own } of modules) console.log(`  ${String(own).padStart(7)}  ${path}`)
  }
}

function kib(bytes) {
  return `${(bytes / 1024).toFixed(1)} KiB`.padStart(10)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
