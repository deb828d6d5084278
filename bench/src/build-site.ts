import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { CONTESTANTS, type ContestantName } from '../shared/contestants.ts'

const pageFolder = fileURLToPath(new URL('../page', import.meta.url))

/** Where the built page lies. */
export const siteFolder: string = fileURLToPath(new URL('../../.cache/bench-site', import.meta.url))

/** Builds the page as an app of a user is built: minified, each contestant a chunk of its own. `isReadable`: not minified, for a profile. */
export async function buildSite({ isReadable }: { readonly isReadable: boolean }): Promise<void> {
  await build({
    root: pageFolder,
    configFile: false,
    logLevel: 'error',
    // `source` first: what is measured is what is in the workspace, not what was last built.
    resolve: {
      conditions: ['source', 'module', 'browser', 'development|production'],
      // PouchDB asks for Node's module of this name; a bundler has to be told of the package that stands in for it.
      alias: { events: fileURLToPath(import.meta.resolve('events/')) },
    },
    worker: { format: 'es' },
    define: { global: 'globalThis' },
    build: {
      target: 'es2022',
      minify: !isReadable,
      outDir: siteFolder,
      emptyOutDir: true,
      chunkSizeWarningLimit: 2_000,
      modulePreload: false,
      rolldownOptions: { output: { chunkFileNames: 'assets/[name].js', entryFileNames: 'assets/entry-[name].js' } },
    },
  })
}

/** Kilobytes (1,000 bytes), gzip, of all files that a contestant's page loads beside the harness: its chunk, what that imports, its worker. */
export async function measureClient(contestant: ContestantName): Promise<number> {
  const folder = join(siteFolder, 'assets')
  const files = (await readdir(folder)).filter((file) => !file.startsWith('entry-'))
  const reached = new Set<string>()
  const queue = [`${contestant}.js`]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    const code = await readFile(join(folder, file), 'utf8')
    queue.push(...files.filter((other) => code.includes(other) && !isContestantFile(other)))
  }
  const sizes = await Promise.all([...reached].map(async (file) => gzipSync(await readFile(join(folder, file))).length))
  return sizes.reduce((sum, size) => sum + size, 0) / 1_000
}

function isContestantFile(file: string): boolean {
  return Object.keys(CONTESTANTS).some((name) => file === `${name}.js`)
}
