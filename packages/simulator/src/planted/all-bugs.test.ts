import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PLANTED_BUGS } from './all-bugs.ts'

const packages = fileURLToPath(new URL('../../../', import.meta.url))
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('the list of planted bugs', () => {
  it('has at least 25 of them, each with a name of its own', () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(25)
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length)
  })

  it('breaks each of the 17 claims', () => {
    const claims = new Set(PLANTED_BUGS.flatMap((bug) => bug.claims))
    expect(range(17).filter((claim) => !claims.has(claim))).toEqual([])
  })

  it('breaks each of the promises S1 to S20', () => {
    const invariants = new Set(PLANTED_BUGS.map(({ invariant }) => invariant))
    expect(range(20).filter((number) => !invariants.has(`S${number}`))).toEqual([])
  })

  it('has ten that need two faults together', () => {
    const paired = PLANTED_BUGS.filter(({ together }) => together !== undefined)
    expect(paired.length).toBeGreaterThanOrEqual(10)
    for (const { together } of paired) expect(new Set(together).size).toBe(2)
  })

  it.each(PLANTED_BUGS)('fits the sources as they are: $name', async ({ patches, needs }) => {
    expect(needs.length).toBeGreaterThan(0)
    for (const { file, find, replace } of patches) {
      const source = await readFile(`${packages}${file}`, 'utf8')
      expect(source.split(find)).toHaveLength(2)
      expect(replace).not.toBe(find)
    }
  })
})
