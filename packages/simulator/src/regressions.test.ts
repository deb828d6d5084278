import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readRecording } from './recording.ts'
import { simulatePlan } from './simulate.ts'

const folder = fileURLToPath(new URL('../regressions/', import.meta.url))

describe('what the simulator once found stays fixed', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('has recordings to replay', () => {
    expect(files.length).toBeGreaterThan(0)
  })

  it.each(files)('%s breaks no promise', async (name) => {
    const { plan } = await readRecording(`${folder}${name}`)
    const { failures } = await simulatePlan(plan)
    expect(failures).toEqual([])
  })
})
