import { collection, defineSchema, LIMITS } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import { createPartner } from './partner.ts'
import type { Partner } from './partner-types.ts'
import { memoryStorage } from './storage/memory-storage.ts'

const schema = defineSchema({
  app: 'names',
  version: 1,
  collections: { notes: collection<{ readonly id: string }>(null) },
})

function makePartner(): Partner {
  const storage = memoryStorage()
  return createPartner({ schema, storage, authenticate: () => null, authorize: () => 'write' })
}

const calls: readonly (readonly [string, (partner: Partner, space: string) => Promise<unknown>])[] = [
  ['transact', (partner, space) => partner.transact(space, (tx) => tx['notes']?.put({ id: 'a' }))],
  ['read', (partner, space) => partner.read(space, 'notes', 'a')],
  ['importRecords', (partner, space) => partner.importRecords(space, 'notes', [{ id: 'a' }])],
  ['inspect', (partner, space) => partner.inspect(space)],
]

describe('a name of a space that no device could ask for', () => {
  it.each(calls)('is refused by %s, with a code, and nothing is stored', async (_, call) => {
    const partner = makePartner()
    const unusable = [
      '',
      'x'.repeat(LIMITS.nameLength + 1),
      'lone \ud800 surrogate',
      'zero \u0000',
      null as unknown as string,
    ]
    for (const space of unusable) {
      await expect(call(partner, space)).rejects.toMatchObject({ code: 'invalid-option', path: '/space' })
    }
    await expect(call(partner, 'x'.repeat(LIMITS.nameLength))).resolves.toBeDefined()
    await partner.close()
  })
})
