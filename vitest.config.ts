import { configDefaults, defineConfig } from 'vitest/config'

/** Tests run what is in the workspace, not what was last built. */
const conditions = ['source', 'module', 'node', 'development|production']

/** Tests that start database servers of their own. */
const needsPostgres = '{packages/*,failover}/src/**/*.postgres.test.ts'

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
          exclude: [...configDefaults.exclude, needsPostgres],
        },
      },
      {
        extends: true,
        test: { name: 'postgres', include: [needsPostgres], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      {
        extends: true,
        test: { name: 'capture', include: ['packages/*/src/**/record.fixture.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'layering', include: ['test/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
})
