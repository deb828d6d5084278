import { expect, test } from 'vitest'

interface Packed {
  readonly manifest: unknown
  readonly files: ReadonlyMap<string, string>
  readonly hasSource: (path: string) => boolean
  readonly plantedNames: readonly string[]
}

const script = new URL('../scripts/tarball-faults.mjs', import.meta.url).href
const { findTarballFaults } = (await import(/* @vite-ignore */ script)) as {
  readonly findTarballFaults: (packed: Packed) => readonly string[]
}

const manifest = {
  name: 'web-sync',
  dependencies: { idb: '8.0.4', 'web-sync-protocol': '0.1.0' },
  exports: {
    '.': { default: './dist/page/index.js' },
    './testing': { default: './dist/testing/index.js' },
    './testing/node': { default: './dist/testing/node/index.js' },
  },
}

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'dist/page/index.js': "// import { a } from 'not-real'\nexport { a } from './a.js'\nimport 'web-sync-protocol'\n",
  'dist/page/a.js': "export const a = new Worker(new URL('../worker/worker.js', import.meta.url))\n",
  'dist/worker/worker.js': "/** `process.env` is a word here. */\nimport { openDB } from 'idb'\nopenDB()\n",
  'dist/testing/index.js': "export { a } from '../page/a.js'\n",
  'dist/testing/node/index.js': "import { connect } from 'node:net'\nexport { connect }\n",
}

function hasSource(path: string): boolean {
  return !path.includes('foreign')
}

function faultsWith(changes: Readonly<Record<string, string>>): readonly string[] {
  const files = new Map(Object.entries({ ...FILES, ...changes }))
  return findTarballFaults({ manifest, files, hasSource, plantedNames: ['no-fence'] })
}

test('a package in order has no faults', () => {
  expect(faultsWith({})).toEqual([])
})

test.each([
  ['a file of another package', { 'dist/foreign.js': '' }, 'dist/foreign.js has no source in this package'],
  [
    'a planted bug by its name',
    { 'dist/page/a.js': "if (bug === 'no-fence') skip()" },
    'names the simulator or a planted',
  ],
  ['an environment switch', { 'dist/worker/worker.js': 'if (process.env.FAULTS) skip()' }, 'has a switch: process.env'],
  ['a build switch', { 'dist/page/a.js': 'export const a = import.meta.env.DEV' }, 'has a switch: import.meta.env'],
  ['Node in the page', { 'dist/page/a.js': "import 'node:fs'" }, '. imports node:fs'],
  ['Node in the worker', { 'dist/worker/worker.js': "export * from 'node:net'" }, '. imports node:net'],
  ['a global of Node', { 'dist/worker/worker.js': 'export const a = Buffer.from([])' }, 'which uses Buffer of Node'],
  [
    'Node in the kit for browsers',
    { 'dist/testing/index.js': "export * from './node/index.js'" },
    './testing imports node:net',
  ],
  [
    'the kit in the page',
    { 'dist/page/a.js': "export { a } from '../testing/index.js'" },
    'dist/testing/index.js, which is for',
  ],
  ['a package that is not listed', { 'dist/page/a.js': "await import('lodash/fp')" }, '. imports lodash/fp'],
  [
    'a file that is not there',
    { 'dist/page/a.js': "import './gone.js'" },
    'dist/page/gone.js, which is not in the package',
  ],
])('%s is found', (_what, changes, fault) => {
  expect(faultsWith(changes).join('\n')).toContain(fault)
})
