import type { JsonObject, Schema } from 'web-sync-protocol'
import type {
  Allow,
  Authorize,
  Clock,
  HashText,
  ImportOptions,
  ImportResult,
  Inspection,
  PartnerEngine,
  PartnerEvent,
  PartnerLimits,
  PartnerStorage,
  PruneResult,
  Random,
  ReadRecord,
  Retention,
  StorageStatus,
  TransactResult,
} from './contract/index.ts'
import type { OwnWriter } from './engine/index.ts'
import type { Authenticate } from './http/authenticate.ts'

/** Options of `createPartner`. */
export interface PartnerOptions {
  /** The schema that page, worker and server share. */
  readonly schema: Schema
  /** Where everything is kept; closed by {@link Partner.close}. */
  readonly storage: PartnerStorage
  /** Who asks. There is no default and no start without it. */
  readonly authenticate: Authenticate
  /** What an account may do in a space. */
  readonly authorize: Authorize
  /** The rule for a single operation. Default: whoever may write in the space may do everything in it. */
  readonly allow?: Allow
  /** Default: see {@link PartnerLimits}. */
  readonly limits?: Partial<PartnerLimits>
  /** Default: see {@link Retention}. */
  readonly retention?: Partial<Retention>
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the platform's cryptographic source. */
  readonly random?: Random
  /** Default: SHA-256 of the platform. */
  readonly hash?: HashText
  /** Hears what happens. Must not throw. Default: nobody. */
  readonly onEvent?: (event: PartnerEvent) => void
  /** Origins (`https://app.example`) whose pages may ask, beside the partner's own. Default: none. */
  readonly allowedOrigins?: readonly string[]
  /** Path of the asks; events are below it. Default: '/sync'. */
  readonly basePath?: string
  /** Where `fetch` says that the process answers (GET, 200). Default: '/health'; null: nowhere. */
  readonly healthPath?: string | null
  /**
   * Where `fetch` says whether exchanges may be sent here (GET, 200 or 503): the storage can be reached and is the primary, and the
   * partner is not draining. Asked without authentication; says nothing else. Default: '/ready'; null: nowhere.
   */
  readonly readyPath?: string | null
}

/** What a partner says of itself, for monitoring. */
export interface PartnerStatus {
  readonly isDraining: boolean
  readonly eventStreams: {
    /** Open now. */
    readonly streams: number
    /** Nudges sent since it was made. */
    readonly sent: number
  }
  /** Null: the storage says nothing of itself. */
  readonly storage: StorageStatus | null
}

/** The side that answers. */
export interface Partner {
  /**
   * Answers asks (`POST basePath`), event streams (`GET basePath/events`) and the two probes (`healthPath`, `readyPath`); 404 for the
   * rest. Never rejects.
   */
  fetch(request: Request): Promise<Response>
  /**
   * The partner's own write: `write` only collects operations; they are applied after it returned, all or nothing, by the code that
   * applies an ask's mutations, and reach all replicas. Rejects with PartnerError 'refused'.
   */
  transact(space: string, write: (tx: OwnWriter) => void): Promise<TransactResult>
  /** Puts many records, in batches of one transaction each; equal ones are left alone, so an import can be repeated after a stop. */
  importRecords(
    space: string,
    collection: string,
    records: AsyncIterable<JsonObject> | Iterable<JsonObject>,
    options?: ImportOptions,
  ): Promise<ImportResult>
  /** A record as it is now; null: there is none. */
  read(space: string, collection: string, id: string): Promise<ReadRecord | null>
  /** What a panel shows. */
  inspect(space: string): Promise<Inspection>
  /** Retention: removes what is older than it must be. Call it now and then, e.g. daily. */
  prune(): Promise<PruneResult>
  /** For rooms and hosts that carry asks otherwise than by HTTP. */
  readonly engine: PartnerEngine
  /** For monitoring; asks nobody, so it may be called as often as one likes. */
  status(): PartnerStatus
  /**
   * The process is about to stop: `readyPath` answers 503 and no event stream is opened any more, so that others are asked. Asks are
   * answered as before. See `shutDown`.
   */
  drain(): void
  /** Ends all event streams, cleanly: devices open them again, elsewhere. */
  endStreams(): void
  /** Ends event streams and closes the storage. Asks under way end as they can. */
  close(): Promise<void>
}
