import type {
  AwaitingDelete,
  CheckpointRow,
  ForgottenRow,
  Foresight,
  OutcomeRow,
  PartnershipRow,
  RecordRow,
  SpaceRow,
} from '../../contract/index.ts'
import { CheckpointLine } from './checkpoint-line.ts'
import { boundedLog } from './bounded-rows.ts'
import { LogStretch } from './log-stretch.ts'
import { toAwaiting, toCheckpoint, toForgotten, toLog, toOutcome, toPartnership, toRecord, toStub } from './rows.ts'
import type { Session, SqlRow, SqlValue } from './session.ts'

/** Of the log, what is fetched ahead: what an initiator that comes often has missed. */
const LOG_ROWS = 64
const LOG_BYTES = 262_144
/** Mutations and records that are fetched ahead at most: a larger ask looks up one after the other, as without foresight. */
const MAX_ROWS = 256
/**
 * Most bytes of record values that are fetched ahead. A value beyond is read when an operation
 * needs it.
 */
const VALUE_BYTES = 1_048_576

/** True if what an ask brings is locked and fetched ahead: it has mutations, and not too many. */
export function isPushForeseen({ mutationIds, records }: Foresight): boolean {
  return mutationIds.length > 0 && mutationIds.length <= MAX_ROWS && records.length <= MAX_ROWS
}

/** A record's name as one text; collection names have no U+0000. */
export function recordKey(collection: string, id: string): string {
  return `${collection}\u0000${id}`
}

/** What an exchange looks at first. A push holds all its locks already, the head's too: `space` is the locked row. */
export interface Foreseen {
  readonly partnership: PartnershipRow | null
  readonly checkpoint: CheckpointRow | null
  readonly line: CheckpointLine
  /** What is known of the log behind the checkpoint's cut. */
  readonly log: LogStretch
  /** null: nothing is known about any of them. */
  readonly push: ForeseenPush | null
}

/** What is there of what an ask's mutations name; what is missing is not there. */
export interface ForeseenPush {
  readonly mutationIds: ReadonlySet<string>
  readonly outcomes: Map<string, OutcomeRow>
  readonly originIds: ReadonlySet<string>
  /** By origin. */
  readonly forgotten: ReadonlyMap<string, ForgottenRow>
  readonly keys: ReadonlySet<string>
  /** Records that are locked, but whose values were not fetched. */
  readonly unfetched: ReadonlySet<string>
  readonly records: ReadonlyMap<string, RecordRow>
  /** By record; null: it has been changed since. */
  readonly awaiting: Map<string, readonly AwaitingDelete[] | null>
}

/**
 * Asks for everything in one go, without waiting in between. The order is that of the locks: the partnership and the right to make
 * records are locked before (see `Session.beginWriting`), then the records by name, the head last; what follows is read under them.
 */
export async function foreseeAll(
  session: Session,
  space: string,
  foresight: Foresight,
  readSpace: (lock: '' | 'FOR UPDATE') => Promise<SpaceRow | null>,
): Promise<Foreseen & { readonly space: SpaceRow | null }> {
  const { account, partnershipId, n, tag } = foresight
  const all = (sql: string, ...values: readonly SqlValue[]) => session.query(sql, [space, ...values])
  const isPush = isPushForeseen(foresight)
  const [push, row, partnerships, checkpoints, marks, log] = await Promise.all([
    isPush ? foreseePush(all, foresight) : null,
    readSpace(isPush ? 'FOR UPDATE' : ''),
    all(PARTNERSHIP, partnershipId, account),
    all(CHECKPOINT, partnershipId, n, tag),
    all(MARKS, partnershipId),
    all(LOG, partnershipId, n, tag),
  ])
  const [partnership, checkpoint] = [partnerships[0], checkpoints[0]]
  return {
    space: row,
    partnership: partnership === undefined ? null : toPartnership(partnership),
    checkpoint: checkpoint === undefined ? null : toCheckpoint(checkpoint),
    line: new CheckpointLine(marks.map((mark) => ({ ...toStub(mark), cut: mark['cut'] as number }))),
    log: LogStretch.of(checkpoint === undefined ? 0 : (checkpoint['cut'] as number), log.map(toLog)),
    push,
  }
}

async function foreseePush(
  all: (sql: string, ...values: readonly SqlValue[]) => Promise<readonly SqlRow[]>,
  { account, mutationIds, originIds, records }: Foresight,
): Promise<ForeseenPush> {
  const names = [...new Map(records.map((name) => [recordKey(name.collection, name.id), name])).entries()]
  const columns = [names.map(([, { collection }]) => collection), names.map(([, { id }]) => id)] as const
  const [outcomes, forgotten, rows, awaiting] = await Promise.all([
    all(OUTCOMES, account, mutationIds),
    // Behind the outcomes, in a statement of its own: what is pruned between the two is seen here.
    all(FORGOTTEN, account, originIds),
    all(LOCK_AND_FETCH, ...columns),
    all(AWAITING, ...columns),
  ])
  const fetched = rows.filter((row) => row['value'] !== null)
  const unfetched = rows.filter((row) => row['value'] === null)
  return {
    mutationIds: new Set(mutationIds),
    outcomes: new Map(outcomes.map(toOutcome).map((row) => [row.mutationId, row])),
    originIds: new Set(originIds),
    forgotten: new Map(forgotten.map(toForgotten).map((row) => [row.originId, row])),
    keys: new Set(names.map(([key]) => key)),
    unfetched: new Set(unfetched.map((row) => recordKey(row['collection'] as string, row['id'] as string))),
    records: new Map(fetched.map(toRecord).map((row) => [recordKey(row.collection, row.id), row])),
    awaiting: groupByRecord(awaiting.map(toAwaiting)),
  }
}

function groupByRecord(rows: readonly AwaitingDelete[]): Map<string, readonly AwaitingDelete[]> {
  const byRecord = new Map<string, AwaitingDelete[]>()
  for (const row of rows) {
    const key = recordKey(row.collection, row.id)
    byRecord.set(key, [...(byRecord.get(key) ?? []), row])
  }
  return byRecord
}

const PARTNERSHIP = 'SELECT * FROM web_sync.partnerships WHERE space = $1 AND partnership_id = $2 AND account = $3'

const CHECKPOINT = 'SELECT * FROM web_sync.checkpoints WHERE space = $1 AND partnership_id = $2 AND n = $3 AND tag = $4'

const MARKS = `SELECT n, tag, parent_tag, is_presented, cut FROM web_sync.checkpoints
  WHERE space = $1 AND partnership_id = $2 ORDER BY n, issue_order`

/** Only where the page is made of log rows: a snapshot that is not complete is paged from the records. */
const LOG = boundedLog({
  rows: `SELECT * FROM web_sync.log WHERE space = $1 AND number > (
      SELECT cut FROM web_sync.checkpoints
      WHERE space = $1 AND partnership_id = $2 AND n = $3 AND tag = $4 AND settle_at IS NOT NULL)
    ORDER BY number LIMIT ${LOG_ROWS}`,
  bytes: String(LOG_BYTES),
})

const OUTCOMES = 'SELECT * FROM web_sync.outcomes WHERE space = $1 AND account = $2 AND mutation_id = ANY ($3)'

const FORGOTTEN = 'SELECT * FROM web_sync.forgotten WHERE space = $1 AND account = $2 AND origin_id = ANY ($3)'

/** Locks records by their names ($2 collections, $3 ids), in one order for all; those that are there are the answer. */
export const LOCK_RECORDS = `SELECT records.* FROM web_sync.records
    JOIN unnest($2::text[], $3::text[]) AS name (collection, id) USING (collection, id)
  WHERE space = $1 ORDER BY collection, id FOR UPDATE OF records`

/**
 * Locks like {@link LOCK_RECORDS}. A value is null once the sum of the lengths exceeds
 * {@link VALUE_BYTES}.
 */
const LOCK_AND_FETCH = `WITH locked AS (${LOCK_RECORDS})
  SELECT collection, id, version, mutation_id, unseen, prior_mutations,
    CASE WHEN sum(octet_length(value)) OVER (ORDER BY collection, id) <= ${VALUE_BYTES} THEN value END AS value
  FROM locked`

const AWAITING = `SELECT awaiting_deletes.* FROM web_sync.awaiting_deletes
    JOIN unnest($2::text[], $3::text[]) AS name (collection, id) USING (collection, id)
  WHERE space = $1 ORDER BY mutation_id, account`
