import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, it } from 'vitest'

interface Measured {
  readonly gzipBytes: number
  readonly modules: readonly { readonly path: string; readonly bytes: number }[]
}

let measured: Readonly<Record<string, Measured>>

beforeAll(() => {
  // In a process of its own: Vite inside Vitest would see the test's own conditions.
  const script = fileURLToPath(new URL('../scripts/size.mjs', import.meta.url))
  const output = execFileSync(process.execPath, [script, '--json', '--modules'], { encoding: 'utf8' })
  measured = JSON.parse(output) as typeof measured
})

function pathsOf(entry: string): readonly string[] {
  const paths = measured[entry]?.modules.map(({ path }) => path) ?? []
  expect(paths.length).toBeGreaterThan(3)
  return paths
}

/** Rooms that are in no bundle of a browser, whichever entry: what only the partner needs. */
const PARTNER_ONLY = /\/web-sync-protocol\/src\/partner\/|\/wire\/ask\.ts|\/web-sync-server\//

/** What each entry is for, it must not carry more. */
const FOREIGN: readonly (readonly [entry: string, pattern: RegExp, sample: string])[] = [
  ['page', /\/web-sync\/src\/(store|engine|transport|worker|service-worker)\/|^idb\/|^workbox/, 'idb/build/index.js'],
  [
    'register',
    /\/src\/(store|engine|transport|worker|service-worker)\/|^idb\/|^comlink\//,
    'comlink/dist/esm/comlink.mjs',
  ],
  [
    'service-worker',
    /\/store\/(query-plan|run-query|prepare-ops|write-local)\.ts|^comlink\/|^workbox/,
    'comlink/x.mjs',
  ],
  ['worker', /^workbox|\/web-sync\/src\/(page|service-worker)\//, 'packages/web-sync/src/page/index.ts'],
]

it.each(FOREIGN)('the entry %s carries nothing that belongs to another room', (entry, pattern, sample) => {
  expect(sample).toMatch(pattern)
  expect(pathsOf(entry).filter((path) => pattern.test(path) || PARTNER_ONLY.test(path))).toEqual([])
})

it('the modules that the patterns look for are seen where they belong', () => {
  expect(pathsOf('worker')).toEqual(
    expect.arrayContaining([
      'idb/build/index.js',
      'comlink/dist/esm/comlink.mjs',
      'packages/web-sync/src/store/query-plan.ts',
      'packages/web-sync/src/engine/run-sync.ts',
    ]),
  )
})

/** KiB, minified and gzipped: what there is now and a little room. Raise one on purpose only, and say why in the commit. */
it.each([
  ['page', 9.2],
  ['worker', 55.5],
  ['service-worker', 33.2],
  ['register', 2.9],
])('the entry %s has at most %d KiB', (entry, most) => {
  expect((measured[entry] as Measured).gzipBytes / 1024).toBeLessThan(most)
})
