import { expect, test } from 'vitest'
import type { UnsentRows } from '../contract/index.ts'
import type { WorkerEnvironment } from './environment.ts'
import { signOut } from './sign-out.ts'

const NOTHING: UnsentRows = { unsent: 0, salvaged: 0, isComplete: true }

test('a write in the last moment: its space keeps everything, and nobody is told to close it', async () => {
  const told: string[] = []
  const environment: Pick<WorkerEnvironment, 'listSpaces' | 'countUnsent' | 'removeStore'> = {
    listSpaces: async () => ['one', 'two'],
    countUnsent: async () => NOTHING,
    removeStore: async ({ space }, _when, onRemoving) => {
      if (space === 'one') return { unsent: { ...NOTHING, unsent: 1 }, isRemoved: false }
      await onRemoving()
      return { unsent: NOTHING, isRemoved: true }
    },
  }
  const result = await signOut(
    {
      id: { app: 'test', endpoint: null, account: 'ann', space: 'two' },
      environment: environment as WorkerEnvironment,
      send: async () => undefined,
      summary: () => null,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
      notifyOthers: (space) => void told.push(space),
    },
    'send-first',
  )
  expect(result).toMatchObject({ type: 'unsent', spaces: [{ space: 'one', unsent: 1 }, { space: 'two' }] })
  expect(told).toEqual(['two'])
})
