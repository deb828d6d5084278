import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
}

it('docs/testing-your-app.md shows parts of a test that runs, word for word', () => {
  const source = read('demo-app/src/data/device.test.ts')
  const blocks = [...read('docs/testing-your-app.md').matchAll(/^```ts\n([\s\S]*?)\n```$/gm)].map(
    ([, code]) => code ?? '',
  )
  expect(blocks).toHaveLength(4)
  for (const block of blocks) expect(source).toContain(block)
})

it('every piece that docs/testing-your-app.md lists is exported by the entry that it is listed for', () => {
  const kit = read('packages/web-sync/src/testing/index.ts')
  const nodeKit = read('packages/web-sync/src/testing/node/index.ts')
  const rows = [...read('docs/testing-your-app.md').matchAll(/^\| (`.+?) \|/gm)].map(([, cell]) => cell ?? '')
  expect(rows.length).toBeGreaterThan(5)
  for (const row of rows) {
    const names = [...row.matchAll(/`(\w+)/g)].map(([, name]) => name ?? '').filter((name) => name !== 'web')
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(row.includes('testing/node') ? nodeKit : kit).toMatch(new RegExp(`\\b${name}\\b`))
  }
})
