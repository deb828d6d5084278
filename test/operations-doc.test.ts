import { existsSync, globSync, readFileSync } from 'node:fs'
import { createMetrics } from '../packages/web-sync-server/src/monitoring/index.ts'
import { expect, it } from 'vitest'
import { OPTIONS } from '../packages/web-sync-server/src/cli/options.ts'

const root = new URL('../', import.meta.url)
const doc = readFileSync(new URL('docs/operations.md', root), 'utf8')

it('docs/operations.md has every metric of the program, once in its table, and no other', () => {
  const text = createMetrics().text({
    isDraining: false,
    eventStreams: { streams: 0, sent: 0 },
    storage: {
      pool: { max: 1, open: 0, idle: 0, waiting: 0 },
      listener: 'off',
      standbys: [{ name: 'a', lagBytes: 0 }],
      groups: { commits: 0, transactions: 0 },
    },
  })
  const real = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name ?? '')
  const rows = doc.split('\n').filter((line) => /^\| `web_sync_\w+(\{[a-z,]+\})?`(, `web_sync_[^`]+`)* \|/.test(line))
  const shown = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`(web_sync_\w+)/g)].map(([, name]) => name ?? ''),
  )
  expect(real.length).toBeGreaterThan(20)
  expect(shown.toSorted()).toEqual(real.toSorted())
})

it('docs/operations.md names options and files that exist', () => {
  const options = [...doc.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name ?? '')
  // Of other programs.
  const foreign = new Set(['help', 'variant', 'no-install'])
  expect(options.filter((name) => !(name in OPTIONS) && !foreign.has(name))).toEqual([])
  const files = [...doc.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, name]) => name ?? '')
  expect(files.length).toBeGreaterThan(5)
  const missing = files.filter(
    (name) =>
      !existsSync(new URL(name, root)) &&
      globSync(`packages/web-sync-server/src/**/${name}`, { cwd: root }).length === 0,
  )
  expect(missing).toEqual([])
})
