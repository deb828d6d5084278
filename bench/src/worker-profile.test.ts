import { expect, it } from 'vitest'
import { readOptions } from './options.ts'
import { summarizeProfiles } from './worker-profile.ts'

const frame = (functionName: string, lineNumber = 0) => ({ functionName, lineNumber })

it('a profile says what each function spent in itself, most first, over all workers', () => {
  const one = {
    nodes: [
      { id: 1, callFrame: frame('put') },
      { id: 2, callFrame: frame('', 41) },
    ],
    samples: [1, 2, 1],
    timeDeltas: [1_000, 500, 2_000],
  }
  const other = { nodes: [{ id: 1, callFrame: frame('put') }], samples: [1], timeDeltas: [4_000] }
  expect(summarizeProfiles([one, other])).toEqual({
    ms: 7.5,
    rows: [
      { name: 'put', ms: 7 },
      { name: 'line 42', ms: 0.5 },
    ],
  })
})

it('a profile is one session of web-sync, and never what the docs say', () => {
  expect(readOptions(['--profile'])).toMatchObject({
    isProfiled: true,
    contestants: ['ours'],
    sessions: 1,
    sizes: [100_000],
  })
  expect(readOptions(['--profile', '--docs'])).toContain('writes no docs')
  expect(readOptions(['--profile', '--contestants', 'ours,dexie'])).toContain('one session of web-sync')
  expect(readOptions([])).toMatchObject({ isProfiled: false, sessions: 5 })
})
