import type { StorageStatus } from '../../contract/index.ts'
import { Horizon, type Sample, type Top } from './horizon.ts'
import type { SqlRow, SqlValue } from './session.ts'

/** Between two questions to the database while something waits; they double while no standby gets further. */
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

/** Position zero, to make a number of a position: the driver has no type for it. */
const ZERO = "'0/0'::pg_lsn"

/**
 * Keeps a {@link Horizon} at work: asks the primary for its position and for its standbys', as long as something waits for them. A standby
 * that is not connected holds everything back; so does a role without pg_read_all_stats, which is shown no positions.
 */
export class StandbyWatch {
  readonly horizon: Horizon = new Horizon()
  readonly #names: readonly string[]
  readonly #ask: (sql: string, values: readonly SqlValue[]) => Promise<readonly SqlRow[]>
  #standbys: StorageStatus['standbys']
  #timer: NodeJS.Timeout | null = null
  #waitMs = FIRST_WAIT_MS
  #isClosed = false

  /** `names`: every node that may be promoted; the primary itself, known by its cluster_name, is left out. */
  constructor(names: readonly string[], ask: (sql: string, values: readonly SqlValue[]) => Promise<readonly SqlRow[]>) {
    this.#names = names
    this.#ask = ask
    this.#standbys = names.map((name) => ({ name, lagBytes: null }))
  }

  get standbys(): StorageStatus['standbys'] {
    return this.#standbys
  }

  /** A transaction that has seen this change is over. */
  note(space: string, top: Top, epoch: string): void {
    this.horizon.note(space, top, epoch)
    if (!this.horizon.isWaiting) return
    this.#waitMs = FIRST_WAIT_MS
    this.#askSoon()
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #askSoon(): void {
    if (this.#timer !== null || this.#isClosed) return
    this.#timer = setTimeout(() => void this.#sample(), this.#waitMs)
    this.#timer.unref()
  }

  async #sample(): Promise<void> {
    const unplaced = this.horizon.takeUnplaced()
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2)
    try {
      const [row] = await this.#ask(POSITIONS, [this.#names])
      if (row !== undefined) this.horizon.judge(unplaced, this.#read(row))
    } catch {
      // Not reachable, or a standby now: what waits waits on, and what was to be placed is seen again by the next exchange.
    }
    this.#timer = null
    if (this.horizon.isWaiting) this.#askSoon()
  }

  #read(row: SqlRow): Sample {
    const position = BigInt(row['position'] as string)
    const shown = JSON.parse(row['shown'] as string) as readonly { name: string; flushed: string | null }[]
    const others = this.#names.filter((name) => name !== row['own_name'])
    const flushedBy = new Map(others.map((name) => [name, leastOf(shown.filter((each) => each.name === name))]))
    this.#standbys = [...flushedBy].map(([name, flushed]) => ({
      name,
      lagBytes: flushed === null ? null : Number(position > flushed ? position - flushed : 0n),
    }))
    return { epoch: row['epoch'] as string, position, flushed: least([...flushedBy.values()]) }
  }
}

const POSITIONS = `SELECT extract(epoch FROM pg_postmaster_start_time())::text AS epoch,
  (pg_current_wal_flush_lsn() - ${ZERO})::text AS position,
  current_setting('cluster_name') AS own_name,
  (SELECT coalesce(json_agg(json_build_object('name', application_name, 'flushed', (flush_lsn - ${ZERO})::text)), '[]')::text
   FROM pg_stat_replication WHERE application_name = ANY ($1)) AS shown`

/** Two connections of one name: an old one that nobody has noticed to be dead, perhaps. The one that is behind counts. */
function leastOf(shown: readonly { readonly flushed: string | null }[]): bigint | null {
  return least(shown.map(({ flushed }) => (flushed === null ? null : BigInt(flushed))))
}

/** The smallest; null if there is none, or if one is not known. */
function least(positions: readonly (bigint | null)[]): bigint | null {
  let smallest: bigint | null = null
  for (const position of positions) {
    if (position === null) return null
    if (smallest === null || position < smallest) smallest = position
  }
  return smallest
}
