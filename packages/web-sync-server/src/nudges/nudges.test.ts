import type { Nudge } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import type { CommitNotice } from '../contract/index.ts'
import { EventReader, eventsRequest } from '../testing/event-reader.fixture.ts'
import { mutationOf } from '../testing/scripted-initiator.ts'
import { testPartner } from '../testing/test-partner.fixture.ts'
import { createNudges } from './create-nudges.ts'

/** Timers that are run by hand. */
class HandTimers {
  readonly waiting = new Map<() => void, number>()

  readonly after = (ms: number, run: () => void): (() => void) => {
    this.waiting.set(run, ms)
    return () => this.waiting.delete(run)
  }

  fire(ms: number): void {
    for (const [run, at] of this.waiting) {
      if (at !== ms) continue
      this.waiting.delete(run)
      run()
    }
  }
}

/** Commits that the test tells of. */
class HandCommits {
  readonly #listeners: ((notice: CommitNotice) => void)[] = []

  readonly listen = (listener: (notice: CommitNotice) => void): (() => void) => {
    this.#listeners.push(listener)
    return () => this.#listeners.splice(0)
  }

  announce(notice: CommitNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }
}

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

describe('nudges', () => {
  test('another’s commit is heard with the newest key issued; one’s own is not; foreign partnerships are not there', async () => {
    const world = testPartner()
    const ann = world.initiator()
    const bob = world.initiator({ account: 'bob' })
    await ann.sync()
    await bob.sync()
    const response = await world.partner.fetch(eventsRequest(bob, [bob.partnershipId, ann.partnershipId]))
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('web-sync-protocol')).toBe('1')
    const events = new EventReader(response.body as ReadableStream<Uint8Array>)
    await bob.sync([write('own')])
    await ann.sync([write('a')])
    expect(await events.nudge()).toEqual({ partnershipId: bob.partnershipId, key: bob.key, spreadMs: 0 })
    await world.partner.close()
    expect(await events.ended()).toBe(true)
  })

  test('a commit from a key that has another child is heard by the own partnership too: a clone may hold that child', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    const { key, partnershipId } = ann
    await ann.sync([write('a')])
    const response = await world.partner.fetch(eventsRequest(ann, [partnershipId]))
    const events = new EventReader(response.body as ReadableStream<Uint8Array>)
    const clone = world.initiator()
    const answer = await clone.send(clone.compose([write('b')], { key, partnershipId }))
    if (answer.type === 'problem') throw new Error(answer.problem.code)
    expect(await events.nudge()).toMatchObject({ partnershipId, key: answer.pages.at(-1)?.key })
    await events.cancel()
  })

  test('many commits in a moment are one nudge now and one after the pause', async () => {
    const timers = new HandTimers()
    const commits = new HandCommits()
    const asked: string[] = []
    const nudges = createNudges({
      engine: {
        onCommit: commits.listen,
        findReadable: async (_account, ids) => new Map(ids.map((id) => [id, 's1'])),
        newestKey: async (_space, id) => {
          asked.push(id)
          return { n: asked.length, tag: '0'.repeat(32) }
        },
      },
      watch: null,
      maxStreamsPerAccount: 2,
      after: timers.after,
      onError: (_where, error) => {
        throw error
      },
    })
    const stream = await nudges.open('ann', ['p1'])
    const events = new EventReader(stream as ReadableStream<Uint8Array>)
    for (let index = 0; index < 10; index += 1) commits.announce({ space: 's1', partnershipId: 'p2' })
    expect((await events.nudge()).key?.n).toBe(1)
    expect(asked).toHaveLength(1)
    timers.fire(1_000)
    expect((await events.nudge()).key?.n).toBe(2)
    timers.fire(1_000)
    commits.announce({ space: 's1', partnershipId: null })
    expect((await events.nudge()).key?.n).toBe(3)
    await nudges.open('ann', ['p1'])
    expect(await nudges.open('ann', ['p1'])).toBeNull()
    await events.cancel()
    expect(await nudges.open('ann', ['p1'])).not.toBeNull()
    nudges.close()
  })

  test('a look-up that fails is reported, but not one whose stream ended meanwhile, as when the partner closes', async () => {
    const commits = new HandCommits()
    const reported: string[] = []
    const lookUps: ((reason: string) => void)[] = []
    const nudges = createNudges({
      engine: {
        onCommit: commits.listen,
        findReadable: async (_account, ids) => new Map(ids.map((id) => [id, 's1'])),
        newestKey: () => new Promise((_resolve, reject) => void lookUps.push(reject)),
      },
      watch: null,
      after: new HandTimers().after,
      onError: (where, error) => reported.push(`${where}: ${String(error)}`),
      maxStreamsPerAccount: 2,
    })
    await nudges.open('ann', ['p1'])
    await nudges.open('bob', ['p2'])
    commits.announce({ space: 's1', partnershipId: null })
    await expect.poll(() => lookUps.length).toBe(2)
    lookUps[0]?.('broken')
    await expect.poll(() => reported).toEqual(['nudge: broken'])
    nudges.close()
    lookUps[1]?.('closed')
    await new Promise(setImmediate)
    expect(reported).toEqual(['nudge: broken'])
  })

  test('in a large space nobody is nudged again while the members still spread, and few are looked up at once', async () => {
    const timers = new HandTimers()
    const commits = new HandCommits()
    let lookUps = 0
    let atOnce = 0
    let mostAtOnce = 0
    const members = 300
    const nudges = createNudges({
      engine: {
        onCommit: commits.listen,
        findReadable: async (_account, ids) => {
          lookUps += 1
          atOnce += 1
          mostAtOnce = Math.max(mostAtOnce, atOnce)
          return new Map(ids.map((id) => [id, 's1']))
        },
        newestKey: async () => {
          atOnce -= 1
          return null
        },
      },
      watch: null,
      maxStreamsPerAccount: 1,
      after: timers.after,
      onError: (_where, error) => {
        throw error
      },
    })
    const accounts = Array.from({ length: members }, (_, index) => `member-${index}`)
    const streams = await Promise.all(accounts.map((account) => nudges.open(account, [`of ${account}`])))
    const readers = streams.map((stream) => new EventReader(stream as ReadableStream<Uint8Array>))
    const hearAll = (): Promise<Nudge[]> => Promise.all(readers.map((reader) => reader.nudge()))
    const before = lookUps
    ;[atOnce, mostAtOnce] = [0, 0]
    commits.announce({ space: 's1', partnershipId: null })
    expect((await hearAll()).every(({ spreadMs }) => spreadMs === 3_000)).toBe(true)
    commits.announce({ space: 's1', partnershipId: null })
    timers.fire(1_000)
    expect(lookUps - before).toBe(members)
    timers.fire(3_000)
    await hearAll()
    expect(lookUps - before).toBe(members * 2)
    expect(mostAtOnce).toBe(4)
    nudges.close()
  })

  test('who lost access since the stream was opened hears nothing more', async () => {
    let access: 'write' | 'ended' = 'write'
    const world = testPartner({ authorize: ({ account }) => (account === 'bob' ? access : 'write') })
    const ann = world.initiator()
    const bob = world.initiator({ account: 'bob' })
    await ann.sync()
    await bob.sync()
    const { body } = await world.partner.fetch(eventsRequest(bob, [bob.partnershipId]))
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    await reader.read() // the first keep-alive
    access = 'ended'
    await ann.sync([write('a')])
    await world.partner.close()
    expect((await reader.read()).done).toBe(true)
  })

  test('unreadable partnership ids are malformed', async () => {
    const world = testPartner()
    const ann = world.initiator()
    expect((await world.partner.fetch(eventsRequest(ann, ['nope']))).status).toBe(400)
    expect((await world.partner.fetch(eventsRequest(ann, []))).status).toBe(400)
  })
})
