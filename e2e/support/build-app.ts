import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { launches } from './browser-options.ts'

const appFolder = fileURLToPath(new URL('../app', import.meta.url))

/** Where the built test app lies. */
export const siteFolder: string = fileURLToPath(new URL('../../.cache/e2e-app', import.meta.url))

/** Builds the test app as an app of a user is built: by Vite: page, worker and service worker. */
async function buildApp(): Promise<void> {
  for (const [engine, { executablePath }] of Object.entries(launches)) {
    if (executablePath === '')
      throw new Error(`No ${engine}: run \`node scripts/browsers.mjs\`, or set ${engine.toUpperCase()}.`)
  }
  await build({
    root: appFolder,
    configFile: false,
    logLevel: 'warn',
    // `source` first: the tests run what is in the workspace, not what was last built.
    resolve: { conditions: ['source', 'module', 'browser', 'development|production'] },
    worker: { format: 'es' },
    build: {
      target: 'es2022',
      outDir: siteFolder,
      emptyOutDir: true,
      rolldownOptions: {
        input: {
          main: `${appFolder}/index.html`,
          partner: `${appFolder}/partner.html`,
          contract: `${appFolder}/contract.html`,
          sw: `${appFolder}/sw.ts`,
          'sw-next': `${appFolder}/sw-next.ts`,
          'sw-tokens': `${appFolder}/sw-tokens.ts`,
        },
        output: { entryFileNames: (chunk) => (chunk.name.startsWith('sw') ? '[name].js' : 'assets/[name]-[hash].js') },
      },
    },
  })
}

// Playwright calls a set-up by its default export.
export default buildApp
