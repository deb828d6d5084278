import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from 'web-sync-protocol'
import type { ExchangeEvent } from 'web-sync-server'
import { afterEach, describe, expect, it } from 'vitest'
import { findPerson, type Person } from '../src/people.ts'
import { createSessions } from './sessions.ts'
import { type Team, openTeam } from './team.ts'

const ada = findPerson('ada') as Person
let close: () => Promise<void> = async () => undefined
afterEach(() => close())

describe('the teams’ partner', () => {
  it('goes back to the state before any of the last exchanges, and counts those that changed something', async () => {
    const { team, exchange } = open()
    const { key, partnershipId } = await exchange(null, 0, [])
    const second = await exchange(partnershipId, key, [insert('n1')])
    await exchange(partnershipId, second.key, [insert('n2')])
    expect(await countNotes(team)).toBe(2)
    expect(team.backups.count()).toBe(3)

    expect(await team.restore(1)).not.toBeNull()
    expect(await countNotes(team)).toBe(1)
    expect((await team.inspect('team-7')).isRestoreSeen).toBe(true)
    expect(await team.restore(3)).toBeNull()
    expect(await team.restore(1)).not.toBeNull()
    expect(await countNotes(team)).toBe(0)
  })

  it('wiped, it begins with nothing, and the state before the wipe can be had back', async () => {
    const { team, exchange } = open()
    const { key, partnershipId } = await exchange(null, 0, [])
    await exchange(partnershipId, key, [insert('n1')])
    await team.wipe()
    expect(await countNotes(team)).toBe(0)
    await team.restore(1)
    expect(await countNotes(team)).toBe(1)
  })

  it('refuses the forbidden word and a note in someone else’s name, with the field', async () => {
    const { exchange } = open()
    const { key, partnershipId } = await exchange(null, 0, [])
    const { outcomes } = await exchange(partnershipId, key, [
      insert('n1', { text: 'A FORBIDDEN word' }),
      insert('n2', { author: 'ben' }),
      insert('n3'),
    ])
    expect(outcomes.map(({ type, path }) => [type, path])).toEqual([
      ['refused', '/0/value/text'],
      ['refused', '/0/value/author'],
      ['accepted', undefined],
    ])
  })
})

interface Answer {
  readonly key: { readonly n: number; readonly tag: string }
  readonly partnershipId: string
  readonly outcomes: readonly { readonly type: string; readonly path?: string }[]
}

function open(): {
  readonly team: Team
  readonly exchange: (partnershipId: string | null, key: unknown, mutations: readonly object[]) => Promise<Answer>
} {
  const data = mkdtempSync(join(tmpdir(), 'field-notes-'))
  const sessions = createSessions(data)
  const seen: ExchangeEvent[] = []
  const team = openTeam({
    data,
    sessions,
    hasBackups: true,
    isRevoked: () => false,
    onExchange: (event) => seen.push(event),
  })
  close = async () => {
    await team.close()
    rmSync(data, { recursive: true })
  }
  const cookie = sessions.open(ada).split(';', 1)[0] as string
  const exchange = async (
    partnershipId: string | null,
    key: unknown,
    mutations: readonly object[],
  ): Promise<Answer> => {
    const ask = {
      protocol: PROTOCOL_VERSION,
      requestId: crypto.randomUUID().replaceAll('-', ''),
      account: 'ada',
      replicaId: 'a'.repeat(32),
      space: 'team-7',
      partnershipId,
      key,
      have: [],
      collections: ['notes'],
      schemaVersion: 1,
      mutations,
      limit: { changes: 1_000, bytes: 1_000_000, pages: 10 },
      host: 'worker',
    }
    const response = await team.fetch(
      new Request('http://localhost/sync/team', {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
        body: JSON.stringify(ask),
      }),
    )
    expect(response.status).toBe(200)
    const [head, ...pages] = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer)
    const last = pages.at(-1) as Answer
    return {
      key: last.key,
      partnershipId: (head as Answer).partnershipId,
      outcomes: pages.flatMap((page) => page.outcomes),
    }
  }
  return { team, exchange }
}

function insert(id: string, change: object = {}): object {
  const value = { id, placeId: '1', placeName: 'Vienna', text: 'Herons.', author: 'ada', createdAt: 1, ...change }
  return {
    mutationId: crypto.randomUUID(),
    order: 1,
    ops: [{ op: 'insert', collection: 'notes', id, base: null, value }],
  }
}

async function countNotes(team: Team): Promise<number> {
  return (await team.inspect('team-7')).digest['notes']?.count ?? 0
}
