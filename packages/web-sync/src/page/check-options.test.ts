import { expect, test } from 'vitest'
import { openSpace } from './open-space.ts'
import { schema } from './tabs.fixture.ts'

const names = { account: 'ann', space: 'team-1' }

test.each([
  ['/schema/app', { ...names, schema: { ...schema, app: undefined } }],
  ['/schema/app', { ...names, schema: { ...schema, app: 'a/b' } }],
  ['/account', { ...names, schema, account: '' }],
  ['/account', { ...names, schema, account: 'a'.repeat(257) }],
  ['/account', { ...names, schema, account: undefined }],
  ['/space', { ...names, schema, space: 's'.repeat(257) }],
  ['/space', { ...names, schema, space: '\uD800' }],
])('an unusable %s is refused at the call, before any worker is started', async (path, options) => {
  let started = 0
  const createWorker = (): Worker => {
    started += 1
    throw new Error('started')
  }
  const opening = openSpace({ ...(options as typeof names & { readonly schema: typeof schema }), createWorker })
  await expect(opening).rejects.toMatchObject({ name: 'SyncError', code: 'invalid-option', path })
  expect(started).toBe(0)
})
