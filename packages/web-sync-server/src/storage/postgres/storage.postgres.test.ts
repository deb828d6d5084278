import { describe, expect, it } from 'vitest'
import type { Foresight, PartnerStorage } from '../../contract/index.ts'
import { testPartnerStorage } from '../../testing/index.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testPartnerStorage('PostgreSQL', () => server.storage(), { describe, it, expect })

/** What the suite writes about: its partnership, its outcome, and records that it has, makes and deletes. */
const FORESIGHT: Foresight = {
  account: 'ann',
  partnershipId: 'aa'.repeat(16),
  n: 1,
  tag: 'dd'.repeat(16),
  mutationIds: ['00000000-0000-4000-8000-000000000000'],
  originIds: ['ee'.repeat(16)],
  records: ['a', 'b', 'c', 'x'].map((id) => ({ collection: 'notes', id })),
}

testPartnerStorage('PostgreSQL that is told before what is asked', async () => foreseeing(await server.storage()), {
  describe,
  it,
  expect,
})

function foreseeing(storage: PartnerStorage): PartnerStorage {
  const transaction = storage.transaction.bind(storage)
  return Object.assign(storage, {
    transaction: <T>(space: string, work: Parameters<typeof transaction<T>>[1]) => transaction(space, work, FORESIGHT),
  })
}
