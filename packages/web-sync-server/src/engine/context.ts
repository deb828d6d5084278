import type { Schema } from 'web-sync-protocol'
import type {
  Allow,
  Authorize,
  CommitNotice,
  HostPorts,
  PartnerEvent,
  PartnerLimits,
  PartnerStorage,
  Retention,
} from '../contract/index.ts'

/** Account of the partner's own writes. No initiator can have it: names have at least one character. */
export const PARTNER_ACCOUNT = ''

/** What all parts of the engine share. */
export interface EngineContext {
  readonly schema: Schema
  readonly storage: PartnerStorage
  readonly ports: HostPorts
  readonly authorize: Authorize
  readonly allow: Allow | null
  readonly limits: PartnerLimits
  readonly retention: Retention
  /** See {@link PartnerStorage.readPartnerId}; `isInitial`: for an ask with key 0. */
  readonly readPartnerId: (isInitial: boolean) => Promise<string>
  /** Tells the operator. */
  readonly emit: (event: PartnerEvent) => void
  /** Tells those who wait for news. */
  readonly notify: (notice: CommitNotice) => void
}

/** Children of one checkpoint that are kept while none of them was presented. */
export const KEPT_SIBLINGS = 8
/** Request ids that a partnership remembers. */
export const KEPT_REQUESTS = 64
