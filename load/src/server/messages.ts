import type { Percentiles } from '../histogram.ts'

/** What the server is told to use. */
export interface ServerSettings {
  readonly storage: 'sqlite' | 'postgres'
  /** A file (SQLite) or a connection string (PostgreSQL). */
  readonly data: string
  /** Milliseconds that log and outcomes are kept; null: the partner's defaults. */
  readonly retentionMs: number | null
}

/** What the server says. */
export type ServerMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'snapshot'; readonly id: number; readonly snapshot: Snapshot }

/** What the server is asked: its figures, counted anew from then on if `isReset`, after its garbage was collected if `isCollected`. */
export interface SnapshotCommand {
  readonly type: 'snapshot'
  readonly id: number
  readonly isReset: boolean
  readonly isCollected: boolean
}

/** The server's own figures since the last reset. */
export interface Snapshot {
  /** From the request's head to the last byte of its answer handed to the system, of exchanges. */
  readonly ownMs: Percentiles
  /** Of the partner alone: from the parsed ask to the commit of its first page. */
  readonly commitMs: Percentiles
  /** How late the event loop was. */
  readonly loopMs: Percentiles
  readonly exchangesByCase: Readonly<Record<string, number>>
  readonly statuses: Readonly<Record<string, number>>
  readonly faults: readonly string[]
  readonly rssMiB: number
  readonly heapMiB: number
  /** Memory beside the heap that its objects hold. */
  readonly externalMiB: number
  /** Of one core, 0 to 1 and more. */
  readonly cpu: number
  readonly openStreams: number
}
