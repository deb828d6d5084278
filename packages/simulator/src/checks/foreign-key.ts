import { ACCOUNT_HEADER, ACCOUNTS, ENDPOINT } from '../partner-host.ts'
import type { World } from '../world.ts'
import { readSyncRow } from './base.ts'

/** S16: a key of another account is answered like one that never was; in a space of somebody else there is nothing to be had at all. */
export async function checkForeignKey(world: World): Promise<void> {
  const { chance, story, host } = world
  const device = chance.pick(world.devices)
  const { account, space } = device.owner
  const thief = ACCOUNTS.find((name) => name !== account) ?? account
  const sync = await readSyncRow(device)
  if (sync.syncKey === 0) return
  const { partnershipId, syncKey: key } = sync
  const ask = {
    protocol: 1,
    requestId: chance.hex(32),
    account: thief,
    replicaId: chance.hex(32),
    space,
    partnershipId,
    key,
    have: [{ partnershipId, ...key }],
    collections: sync.collections,
    schemaVersion: 2,
    mutations: [],
    limit: { changes: 5_000, bytes: 4_000_000, pages: 1 },
    host: 'worker',
  }
  const headers = { [ACCOUNT_HEADER]: thief, 'content-type': 'application/json', 'web-sync-protocol': '1' }
  const request = new Request(ENDPOINT, { method: 'POST', body: JSON.stringify(ask), headers })
  const response = await host.fetch(request)
  const text = await response.text()
  story.count('sometimes: foreign key')
  const isNothingSaid = response.status === 403 || response.status === 503 || text.includes('"reason":"unknown"')
  if (!isNothingSaid || !/"rollbackTo":null|"status":(403|503)/.test(text)) {
    story.fail('S16', `${thief} got ${response.status} for a key of ${account}: ${text.slice(0, 80)}`)
  }
}

/** Keys that are none: neither 0 nor a positive safe integer with a tag. */
const MALFORMED_KEYS: readonly unknown[] = [
  '1',
  -1,
  1.5,
  { n: '1', tag: 'a'.repeat(32) },
  { n: 2 ** 53, tag: 'a'.repeat(32) },
  { n: 1, tag: 'x' },
]

/** S18 (case K7, claim 7): a key that is no integer is refused with 400. */
export async function checkMalformedKey(world: World): Promise<void> {
  const { chance, story, host } = world
  const { account, space } = chance.pick(world.devices).owner
  const ask = {
    protocol: 1,
    requestId: chance.hex(32),
    account,
    replicaId: chance.hex(32),
    space,
    partnershipId: chance.hex(32),
    key: chance.pick(MALFORMED_KEYS),
    have: [],
    collections: ['notes'],
    schemaVersion: 2,
    mutations: [],
    limit: { changes: 10, bytes: 1_000, pages: 1 },
    host: 'worker',
  }
  const headers = { [ACCOUNT_HEADER]: account, 'content-type': 'application/json', 'web-sync-protocol': '1' }
  const response = await host.fetch(new Request(ENDPOINT, { method: 'POST', body: JSON.stringify(ask), headers }))
  story.count('fault: malformed ask')
  // The partner judges no such ask, so it tells of no case itself.
  if (response.status === 400) story.count('case K7')
  else story.fail('S18', `the key ${JSON.stringify(ask.key)} was answered with ${response.status}`)
}
