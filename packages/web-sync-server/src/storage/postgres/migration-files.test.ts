import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { FIRST_VERSION, LAYOUT_VERSION, readMigrations } from './migration-files.ts'

it('every file of migrations/postgres is run, in the order of the names, and counts as a version', () => {
  const files = readdirSync(new URL('../../../migrations/postgres/', import.meta.url)).toSorted()
  expect(readMigrations().map(({ name }) => name)).toEqual(files)
  const versions = readMigrations().map(({ version }) => version)
  expect(versions).toEqual(files.map((_, index) => FIRST_VERSION + index))
  expect(versions.at(-1)).toBe(LAYOUT_VERSION)
})
