import { defineConfig } from 'vitest/config'

/** Tests run what is in the workspace, not what was last built. */
const conditions = ['source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // The default leaves one core to the watcher, and on two that is half.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: [
            'packages/*/{src,test}/**/*.test.ts',
            'demo-app/{src,server}/**/*.test.ts',
            'bench/src/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: { name: 'layering', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
})
