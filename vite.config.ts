import { defineConfig } from 'vite'

/** Where the partner listens during development; `scripts/start.mjs` and the tests choose another one. */
const partner = `http://127.0.0.1:${process.env['PARTNER_PORT'] ?? '8787'}`

export default defineConfig({
  root: 'demo-app',
  // `source` first: the demo runs what is in the workspace, not what was last built.
  resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
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
