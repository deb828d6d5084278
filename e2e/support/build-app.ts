import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { launches } from './browser-options.ts'
import { previous, unpackPrevious, type Version } from './previous.ts'

const appFolder = fileURLToPath(new URL('../app', import.meta.url))

/** Where the built test app lies. */
export const siteFolder: string = fileURLToPath(new URL('../../.cache/e2e-app', import.meta.url))

/** Builds the test app as an app of a user is built: by Vite, page, worker and service worker; and once more with the packages of before. */
async function buildApps(): Promise<void> {
  for (const [engine, { executablePath }] of Object.entries(launches)) {
    if (executablePath === '')
      throw new Error(`No ${engine}: run \`node scripts/browsers.mjs\`, or set ${engine.toUpperCase()}.`)
  }
  // `source` first: the tests run what is in the workspace, not what was last built.
  await buildApp(appFolder, siteFolder, ['source'], 'n')
  await unpackPrevious()
  await buildApp(previous.app, previous.site, [], 'n-1')
}

async function buildApp(root: string, outDir: string, conditions: readonly string[], version: Version): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    define: { E2E_VERSION: JSON.stringify(version) },
    resolve: { conditions: [...conditions, 'module', 'browser', 'development|production'] },
    worker: { format: 'es' },
    build: {
      target: 'es2022',
      outDir,
      emptyOutDir: true,
      rolldownOptions: {
        input: {
          main: `${root}/index.html`,
          partner: `${root}/partner.html`,
          contract: `${root}/contract.html`,
          sw: `${root}/sw.ts`,
          'sw-next': `${root}/sw-next.ts`,
          'sw-tokens': `${root}/sw-tokens.ts`,
        },
        output: { entryFileNames: (chunk) => (chunk.name.startsWith('sw') ? '[name].js' : 'assets/[name]-[hash].js') },
      },
    },
  })
}

// Playwright calls a set-up by its default export.
export default buildApps
