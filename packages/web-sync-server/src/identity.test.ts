import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryStorage, type PartnerStorage, sqliteStorage } from './index.ts'
import type { ScriptedAnswer, ScriptedInitiator } from './testing/scripted-initiator.ts'
import { testPartner } from './testing/test-partner.fixture.ts'

// What a partner says of itself, and to whom it says nothing.

function partnerIdOf(answer: ScriptedAnswer): string | null {
  if (answer.type !== 'reply') throw new Error(`a problem: ${answer.problem.code}`)
  return answer.head.partnerId
}

async function askId(initiator: ScriptedInitiator): Promise<string | null> {
  return partnerIdOf(await initiator.send(initiator.compose()))
}

describe('an ask of another app', () => {
  test('is answered by a code, and nothing of it is looked at', async () => {
    const world = testPartner({ authorize: () => 'ended' })
    const other = world.initiator({ app: 'another-app' })
    const mutationId = '018f0000-0000-7000-8000-000000000001'
    const op = { op: 'insert', collection: 'notes', id: 'a', base: null, value: { id: 'a' } } as const
    // A wrong account, an ended access, a key that nobody has issued: all of them come after the app.
    const ask = other.compose([{ mutationId, order: 1, ops: [op] }], {
      account: 'somebody-else',
      partnershipId: 'a'.repeat(32),
      key: { n: 3, tag: 'b'.repeat(32) },
    })
    const answer = await other.send(ask)
    expect(answer).toMatchObject({ status: 403, problem: { code: 'other-app', requestId: ask.requestId } })
    expect(await world.partner.read('s1', 'notes', 'a')).toBeNull()
    expect((await world.partner.inspect('s1')).head).toBe(0)
    expect(world.events).toMatchObject([{ type: 'exchange', problem: 'other-app' }])
  })

  test('is one of this app if it says so, or says nothing', async () => {
    const world = testPartner()
    for (const options of [{ app: 'test' }, {}]) expect((await askId(world.initiator(options)))?.length).toBe(32)
  })
})

describe('the partner’s own id', () => {
  test('is the same for everybody, in each answer, and another one in another database', async () => {
    const one = testPartner()
    const ids = [await askId(one.initiator()), await askId(one.initiator({ account: 'bob' }))]
    const ann = one.initiator()
    await ann.sync()
    ids.push(await askId(ann))
    const repeated = ann.compose()
    ids.push(partnerIdOf(await ann.send(repeated)), partnerIdOf(await ann.send(repeated)))
    expect(new Set(ids).size).toBe(1)
    expect(await askId(testPartner().initiator())).not.toBe(ids[0])
  })

  test('stays with a database on disk', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'partner-id-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const ids: (string | null)[] = []
    for (let start = 0; start < 2; start += 1) {
      const storage = sqliteStorage(join(directory, 'partner.db'))
      const world = testPartner({ storage })
      ids.push(await askId(world.initiator()))
      await world.partner.close()
    }
    expect(ids[0]).toBe(ids[1])
  })

  test('is told anew where the database was exchanged under a running partner', async () => {
    let database: PartnerStorage = memoryStorage()
    const storage = new Proxy(database, {
      get: (_, name) => {
        const value: unknown = Reflect.get(database, name)
        return typeof value === 'function' ? value.bind(database) : value
      },
    })
    const world = testPartner({ storage })
    const ann = world.initiator()
    await ann.sync()
    const before = await askId(ann)
    database = memoryStorage()
    expect(await ann.send(ann.compose())).toMatchObject({ problem: { code: 'invalid-key', reason: 'unknown' } })
    const after = await askId(world.initiator())
    expect(after).not.toBe(before)
  })
})
