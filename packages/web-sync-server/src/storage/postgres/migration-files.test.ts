import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readMigrations, SCHEMA_VERSION } from './migration-files.ts'

it('every file of migrations/postgres is run, in the order of the names, and counts as a version', () => {
  const files = readdirSync(new URL('../../../migrations/postgres/', import.meta.url)).toSorted()
  expect(readMigrations().map(({ name }) => name)).toEqual(files)
  expect(SCHEMA_VERSION).toBe(files.length)
})
