import type { ListedWrite, SpaceStatus } from 'web-sync'
import { type VNode, h } from '../ui/dom.ts'
import { formatNumber, plural } from '../ui/format.ts'

/** The last write on each record, by collection and id: found once for a list of writes, since a page of notes asks many times. */
const lastWrites: WeakMap<readonly ListedWrite[], ReadonlyMap<string, ListedWrite>> = new WeakMap()

/** Where the last write on a record is in its life; null: nothing is known of it any more, so it is safely everywhere. */
export function findStage(writes: readonly ListedWrite[], collection: string, id: string): ListedWrite | null {
  let byRecord = lastWrites.get(writes)
  if (byRecord === undefined) {
    byRecord = new Map(writes.flatMap((write) => write.ops.map((op) => [`${op.collection}/${op.id}`, write] as const)))
    lastWrites.set(writes, byRecord)
  }
  return byRecord.get(`${collection}/${id}`) ?? null
}

/** A small badge that says how far a write is; nothing for a record that no write of this device waits for. */
export function stageBadge(write: ListedWrite | null): VNode | null {
  if (write === null) return null
  const [text, title] = stageText(write)
  return h('span', { class: 'stage', key: 'stage', 'data-stage': write.stage, 'data-testid': 'stage', title }, text)
}

function stageText(write: ListedWrite): readonly [text: string, title: string] {
  if (write.isSending) return ['sending', 'On its way to the partner.']
  switch (write.stage) {
    case 'stored':
      return ['on this device', 'Safe on this device; waits to be sent.']
    case 'accepted':
      return ['accepted', 'The partner has it. This device keeps it for replay until the partner calls it durable.']
    case 'durable':
      return ['durable', 'The partner knows that it would survive the loss of its database.']
    case 'refused':
      return ['refused', 'The partner refused it: see Attention.']
    case 'set-aside':
      return ['set aside', 'It could not be delivered: see Attention.']
    case 'discarded':
      return ['discarded', 'Given up on this device.']
    // Not in this list: only writes that are kept are.
    case 'dropped':
    case 'lost':
    case 'unknown':
      return ['', '']
  }
}

/** What the status bar says. The tone is said by the text too, never by colour alone. */
export interface SyncText {
  readonly tone: 'good' | 'busy' | 'wait' | 'bad'
  readonly text: string
}

/** One short line for the state of sync, from both spaces. */
export function describeSync(team: SpaceStatus | null, places: SpaceStatus | null): SyncText {
  if (team === null) return { tone: 'busy', text: 'Opening' }
  const waiting = team.pending > 0 ? `, ${formatNumber(team.pending)} to send` : ''
  switch (team.state) {
    case 'halted':
      return { tone: 'bad', text: `Stopped: ${haltText(team.halt)}${waiting}` }
    case 'degraded':
      return { tone: 'bad', text: `Trying once an hour${waiting}` }
    case 'waiting':
      return { tone: 'wait', text: `${waitText(team)}${waiting}` }
    case 'closed':
      return { tone: 'bad', text: 'Closed' }
    case 'local':
      return { tone: 'wait', text: 'On this device only' }
    case 'syncing':
      return { tone: 'busy', text: team.pending > 0 ? `Sending ${plural(team.pending, 'write')}` : 'Syncing' }
    case 'idle':
      break
  }
  if (places?.isPartial === true && places.state === 'syncing') return { tone: 'busy', text: 'Loading places' }
  return team.pending > 0
    ? { tone: 'wait', text: `${plural(team.pending, 'write')} to send` }
    : { tone: 'good', text: 'In step' }
}

const WAIT_TEXTS: Partial<Record<NonNullable<SpaceStatus['wait']>['reason'], string>> = {
  busy: 'Server is busy',
  'server-error': 'Server has a fault',
  storage: 'Device is full',
  'not-our-partner': 'Not our server',
  'other-app': 'Not our server',
}

function waitText(team: SpaceStatus): string {
  if (!team.isOnline) return 'Offline'
  return (team.wait === null ? undefined : WAIT_TEXTS[team.wait.reason]) ?? 'No connection'
}

function haltText(halt: SpaceStatus['halt']): string {
  switch (halt) {
    case 'sign-in':
      return 'sign in again'
    case 'account-mismatch':
      return 'someone else is signed in'
    case 'forbidden':
      return 'no access'
    case 'access-ended':
      return 'access has ended'
    case 'update':
      return 'this app is too old'
    case null:
      return 'halted'
  }
}
