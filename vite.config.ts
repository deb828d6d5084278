import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Plugin, defineConfig } from 'vite'

/** Where the partner listens during development; `scripts/start.mjs` and the tests choose another one. */
const partner = `http://127.0.0.1:${process.env['PARTNER_PORT'] ?? '8787'}`

/** Files that are not part of the shell: the service worker itself, and what only a crawler or a shop would ask for. */
const NOT_IN_SHELL = /^\/(sw\.js|icons\/icon-maskable-512\.png|icons\/icon-512\.png)$/

/**
 * Tells the service worker which files make the shell: all that was built. The version is a digest of their names and contents, so a
 * service worker with another list is another service worker, and nothing is kept twice.
 */
function shellList(publicDir: string): Plugin {
  return {
    name: 'shell-list',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const hash = createHash('sha256')
      const files = ['/', ...listFiles(publicDir)]
      for (const name of Object.keys(bundle)) {
        if (name === 'index.html' || name.endsWith('.map')) continue
        files.push(`/${name}`)
      }
      for (const file of Object.values(bundle)) hash.update(file.type === 'chunk' ? file.code : file.source)
      const shell = JSON.stringify({
        version: hash.digest('hex').slice(0, 12),
        files: files.filter((file) => !NOT_IN_SHELL.test(file)).toSorted(),
      })
      const worker = bundle['sw.js']
      if (worker?.type !== 'chunk') throw new Error('the build has no sw.js')
      worker.code = worker.code.replaceAll('FIELD_NOTES_SHELL', shell)
    },
  }
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
}

export default defineConfig({
  root: 'demo-app',
  // `source` first: the demo runs what is in the workspace, not what was last built.
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  plugins: [shellList(join(import.meta.dirname, 'demo-app', 'public'))],
  server: {
    // The service worker is served from /src/sw.ts in development and still governs the whole origin.
    headers: { 'Service-Worker-Allowed': '/' },
    proxy: { '/sync': partner, '/demo': partner },
  },
  build: {
    target: 'es2022',
    rolldownOptions: {
      input: { main: 'demo-app/index.html', sw: 'demo-app/src/sw.ts' },
      // A service worker's address is its identity, so it carries no hash.
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
})
