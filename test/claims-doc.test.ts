import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../', import.meta.url)

/** The text of a file that docs/claims.md names; files without a package are in the ground floor. null: there is none. */
function read(name: string): string | null {
  const places = [name, `packages/${name}`, `packages/web-sync-protocol/src/${name}`].map(
    (place) => new URL(place, root),
  )
  const url = places.find((place) => existsSync(place))
  return url === undefined ? null : readFileSync(url, 'utf8')
}

/** The parts of a title that stand in the source as they are: what is left out is written as «…». */
function partsOf(title: string): string[] {
  return title.split('…').map((part) => part.trim())
}

/** What a row names that is not there: files, and titles of tests. */
function findMissing(rows: readonly string[]): { readonly missing: readonly string[]; readonly titles: number } {
  const missing: string[] = []
  let titles = 0
  for (const row of rows) {
    // Of a change only the file's own name is given; what stands in quotes are tests' titles.
    let file = ''
    for (const [, path, title] of row.matchAll(/`([^`]+(?:\/[^`]+|\.test)\.ts)`|«([^»]+)»/g)) {
      file = path ?? file
      const parts = title === undefined ? [] : partsOf(title)
      const source = read(file)
      titles += parts.length > 0 ? 1 : 0
      if (source === null || !parts.every((part) => source.includes(part))) missing.push(`${file} «${title}»`)
    }
  }
  return { missing, titles }
}

it('docs/claims.md has a row for each of the 17 claims, none pending, and every test that it names exists in that file', () => {
  const rows = readFileSync(new URL('docs/claims.md', root), 'utf8')
    .split('\n')
    .filter((line) => /^\| (\d+|[A-Z]\d+) /.test(line))
  expect(rows.map((row) => Number.parseInt(row.slice(2), 10)).filter((claim) => claim > 0)).toEqual(
    Array.from({ length: 17 }, (_, index) => index + 1),
  )
  const { missing, titles } = findMissing(rows)
  expect(missing).toEqual([])
  expect(titles).toBeGreaterThan(70)
  expect(rows.filter((row) => row.includes('pending:'))).toEqual([])
})

it('docs/testing.md names a test for each row of the failure table in the README, and each is there', () => {
  const failures = sectionOf('README.md', '## What happens when')
  const proofs = sectionOf('docs/testing.md', '## The failure table')
  expect(proofs).toHaveLength(failures.length)
  expect(proofs.length).toBeGreaterThan(10)
  const { missing, titles } = findMissing(proofs)
  expect(missing).toEqual([])
  expect(titles).toBeGreaterThanOrEqual(proofs.length)
})

/** The rows of the table under a heading, without its head. */
function sectionOf(file: string, heading: string): string[] {
  const text = readFileSync(new URL(file, root), 'utf8')
  const start = text.indexOf(heading)
  const end = text.indexOf('\n## ', start + 1)
  return text
    .slice(start, end === -1 ? undefined : end)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
}
