import type { OutcomeRow, PartnershipRow } from '../../contract/index.ts'
import type { Session } from './session.ts'

/** A checkpoint's name. */
interface Name {
  readonly partnershipId: string
  readonly n: number
  readonly tag: string
}

/**
 * Writes of one transaction that are held back until something is asked, or the commit: many rows become one statement, and a partnership
 * that is written twice is written once. Nobody waits for their answers: the commit fails with whatever of them fails.
 */
export class PendingWrites {
  readonly #session: Session
  readonly #space: string
  #partnership: PartnershipRow | null = null
  #presented: Name[] = []
  #doomed: Name[] = []
  #outcomes: OutcomeRow[] = []

  constructor(session: Session, space: string) {
    this.#session = session
    this.#space = space
  }

  putPartnership(partnership: PartnershipRow): void {
    if (this.#partnership?.partnershipId !== partnership.partnershipId) this.flush()
    // What an upsert of both would leave: all but these two is as it was made.
    const { isProvisional, lastSeenAtMs } = partnership
    this.#partnership = this.#partnership === null ? partnership : { ...this.#partnership, isProvisional, lastSeenAtMs }
  }

  present(name: Name): void {
    this.#presented.push(name)
  }

  deleteCheckpoint(name: Name): void {
    this.#doomed.push(name)
  }

  insertOutcome(outcome: OutcomeRow): void {
    this.#outcomes.push(outcome)
  }

  /** Sends all of them. */
  flush(): void {
    if (this.#partnership !== null) this.#sendPartnership(this.#partnership)
    if (this.#presented.length > 0) this.#sendNames(PRESENT, this.#presented)
    if (this.#doomed.length > 0) this.#sendNames(DELETE, this.#doomed)
    if (this.#outcomes.length > 0) this.#sendOutcomes(this.#outcomes)
    this.#partnership = null
    this.#presented = []
    this.#doomed = []
    this.#outcomes = []
  }

  #sendPartnership(partnership: PartnershipRow): void {
    const { partnershipId, account, replicaId, isProvisional, createdAtMs, lastSeenAtMs } = partnership
    const values = [this.#space, partnershipId, account, replicaId, isProvisional, createdAtMs, lastSeenAtMs]
    this.#session.post(PUT_PARTNERSHIP, values)
  }

  #sendNames(sql: string, names: readonly Name[]): void {
    const columns = [names.map((name) => name.partnershipId), names.map(({ n }) => n), names.map(({ tag }) => tag)]
    this.#session.post(sql, [this.#space, ...columns])
  }

  #sendOutcomes(outcomes: readonly OutcomeRow[]): void {
    const column = (name: keyof OutcomeRow) => outcomes.map((row) => row[name])
    const names = [
      'account',
      'mutationId',
      'contentHash',
      'outcome',
      'lastNumber',
      'partnershipId',
      'n',
      'requestId',
      'originId',
      'originNumber',
      'atMs',
    ] as const
    this.#session.post(INSERT_OUTCOMES, [this.#space, ...names.map(column)])
  }
}

const PUT_PARTNERSHIP = `INSERT INTO web_sync.partnerships
    (space, partnership_id, account, replica_id, is_provisional, created_at_ms, last_seen_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (space, partnership_id)
  DO UPDATE SET is_provisional = excluded.is_provisional, last_seen_at_ms = excluded.last_seen_at_ms`

const PRESENT = `UPDATE web_sync.checkpoints SET is_presented = true
  FROM unnest($2::text[], $3::bigint[], $4::text[]) AS name (partnership_id, n, tag)
  WHERE space = $1 AND checkpoints.partnership_id = name.partnership_id AND checkpoints.n = name.n
    AND checkpoints.tag = name.tag`

const DELETE = `DELETE FROM web_sync.checkpoints USING unnest($2::text[], $3::bigint[], $4::text[]) AS name (partnership_id, n, tag)
  WHERE space = $1 AND checkpoints.partnership_id = name.partnership_id AND checkpoints.n = name.n
    AND checkpoints.tag = name.tag`

const INSERT_OUTCOMES = `INSERT INTO web_sync.outcomes
    (space, account, mutation_id, content_hash, outcome, last_number, partnership_id, n, request_id, origin_id,
     origin_number, at_ms)
  SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[],
    $9::text[], $10::text[], $11::bigint[], $12::bigint[])`
