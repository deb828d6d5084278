import {
  type Change,
  type CheckpointName,
  type Digest,
  DigestBuilder,
  isSameKey,
  judgeKey,
  type Outcome,
  type Page,
  type ReceivedAsk,
  type ReplyHead,
  type StoredRecord,
  type SyncKey,
  type Verdict,
  versionNumber,
} from 'web-sync-protocol'

/** A checkpoint that was issued. */
interface Checkpoint extends CheckpointName {
  readonly parentTag: string | null
  readonly cut: number
  readonly collections: readonly string[]
  readonly isPresented: boolean
}

/** A record with its place. */
export interface FakeRecord extends StoredRecord {
  readonly collection: string
  readonly id: string
}

/** What the fake keeps of a space. Everything in it is replaced, never changed, so a backup is a copy of the maps. */
export interface FakeSpace {
  head: number
  records: ReadonlyMap<string, FakeRecord>
  log: readonly Change[]
  checkpoints: readonly Checkpoint[]
  outcomes: ReadonlyMap<string, Outcome>
}

/** How a key is answered. */
export type Judged =
  | { readonly type: 'refuse'; readonly verdict: Exclude<Verdict, { action: 'begin' | 'serve' | 'fork' | 'repeat' }> }
  | { readonly type: 'serve'; readonly from: Checkpoint | null; readonly isFork: boolean }

/** An empty space. */
export function makeSpace(): FakeSpace {
  return { head: 0, records: new Map(), log: [], checkpoints: [], outcomes: new Map() }
}

/** Where a record lies in the map. */
export function recordKey(collection: string, id: string): string {
  return `${collection}/${id}`
}

/** Judges the key by the protocol's own table, and marks a valid one as presented. */
export function judge(space: FakeSpace, ask: ReceivedAsk): Judged {
  const { key } = ask
  const found = key === 0 ? undefined : space.checkpoints.find((each) => isNamed(each, ask.partnershipId, key))
  const own = space.checkpoints.filter(({ partnershipId }) => partnershipId === ask.partnershipId)
  const verdict = judgeKey({
    isPrimary: true,
    key,
    // Nothing is thinned away here.
    partnership: own.length === 0 ? null : { oldestKept: null },
    checkpoint: found === undefined ? null : factsOf(space, found, ask.collections),
    logFloor: 0,
    isRequestSeen: false,
    isRestoreSeen: false,
    rollbackTo:
      ask.have.find((name) => space.checkpoints.some((each) => isNamed(each, name.partnershipId, name))) ?? null,
  })
  switch (verdict.action) {
    case 'begin':
      return { type: 'serve', from: null, isFork: false }
    case 'serve':
    case 'fork':
    case 'repeat': {
      // Other collections than before: the fake sends no snapshot of some, it lets the initiator begin again.
      if (verdict.action !== 'repeat' && verdict.hasOtherCollections) {
        return { type: 'refuse', verdict: { case: 'K4', action: 'expired', reason: 'thinned', reset: 'apply' } }
      }
      space.checkpoints = space.checkpoints.map((each) => (each === found ? { ...each, isPresented: true } : each))
      return { type: 'serve', from: found ?? null, isFork: verdict.action !== 'serve' }
    }
    case 'expired':
    case 'roll-back':
    case 'malformed':
    case 'behind':
      return { type: 'refuse', verdict }
  }
}

function isNamed(checkpoint: Checkpoint, partnershipId: string | null, key: SyncKey): boolean {
  return checkpoint.partnershipId === partnershipId && isSameKey(checkpoint, key)
}

function factsOf(
  space: FakeSpace,
  found: Checkpoint,
  collections: readonly string[],
): {
  cut: number
  hasSuccessor: boolean
  isSuccessorPresented: boolean
  isSiblingPresented: boolean
  hasOtherCollections: boolean
} {
  const own = space.checkpoints.filter(({ partnershipId }) => partnershipId === found.partnershipId)
  const successors = own.filter(({ parentTag }) => parentTag === found.tag)
  const siblings = own.filter((each) => each.parentTag === found.parentTag && each !== found)
  return {
    cut: found.cut,
    hasSuccessor: successors.length > 0,
    isSuccessorPresented: successors.some(({ isPresented }) => isPresented),
    isSiblingPresented: found.parentTag !== null && siblings.some(({ isPresented }) => isPresented),
    hasOtherCollections: found.collections.join(' ') !== collections.join(' '),
  }
}

/** The reply from a checkpoint to now, as one page; `outcomes` are those of the ask's mutations, applied before. */
export function serve(
  space: FakeSpace,
  ask: ReceivedAsk,
  { from, isFork }: Extract<Judged, { type: 'serve' }>,
  outcomes: readonly Outcome[],
  randomId: () => string,
): { readonly head: ReplyHead; readonly page: Page } {
  const changes = from === null ? snapshot(space, ask.collections) : since(space, from.cut, ask.collections)
  const isNew = from === null || isFork || outcomes.length > 0 || from.cut !== space.head
  const partnershipId = from === null || isFork ? randomId() : from.partnershipId
  const key = isNew ? { n: (from?.n ?? 0) + 1, tag: randomId() } : { n: from.n, tag: from.tag }
  if (isNew) {
    const parentTag = from?.tag ?? null
    const next = { partnershipId, ...key, parentTag, cut: space.head, collections: ask.collections, isPresented: false }
    space.checkpoints = [...space.checkpoints, next]
  }
  return {
    head: {
      protocol: ask.protocol,
      requestId: ask.requestId,
      from: ask.key,
      partnershipId,
      partnerId: null,
      durable: 0,
      forked: isFork ? { replicaId: randomId() } : null,
    },
    page: {
      key,
      settled: true,
      collections: ask.collections,
      changes,
      snapshot: from === null,
      outcomes,
      more: false,
      progress: from === null ? { done: changes.length, total: changes.length } : null,
      digest: digestOf(space, ask.collections),
    },
  }
}

function snapshot(space: FakeSpace, collections: readonly string[]): Change[] {
  return [...space.records.values()]
    .filter(({ collection }) => collections.includes(collection))
    .toSorted((a, b) => (recordKey(a.collection, a.id) < recordKey(b.collection, b.id) ? -1 : 1))
    .map(({ collection, id, version, value, mutationId }) => ({
      type: 'put',
      collection,
      id,
      version,
      value,
      mutationId,
    }))
}

function since(space: FakeSpace, cut: number, collections: readonly string[]): Change[] {
  return space.log.filter(({ version, collection }) => versionNumber(version) > cut && collections.includes(collection))
}

function digestOf(space: FakeSpace, collections: readonly string[]): Digest {
  const digest = new DigestBuilder()
  for (const { collection, version } of space.records.values()) {
    if (collections.includes(collection)) digest.replace(collection, null, version)
  }
  return digest.build()
}
