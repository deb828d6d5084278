import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { drawSteps } from './history.ts'
import { STORAGE_FAULTS } from './storage-faults.ts'

const packages = fileURLToPath(new URL('../../../', import.meta.url))

it.each(STORAGE_FAULTS)('fits the sources as they are: $name', async ({ patches }) => {
  for (const { file, find, replace } of patches) {
    const source = await readFile(`${packages}${file}`, 'utf8')
    expect(source.split(find)).toHaveLength(2)
    expect(replace).not.toBe(find)
  }
})

it('a history is the same for the same seed', () => {
  expect(drawSteps(7)).toEqual(drawSteps(7))
  expect(drawSteps(7)).not.toEqual(drawSteps(8))
})
