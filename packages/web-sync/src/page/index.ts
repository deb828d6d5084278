/** web-sync on the page: opens spaces. */
export {
  type Condition,
  type GetAuth,
  type ListedWrite,
  type QueryExplanation,
  type QueryResult,
  type RefusedEntry,
  type ReportCode,
  type SalvageChoice,
  type SalvageEntry,
  type Scalar,
  type SignOutResult,
  type SpaceState,
  type SpaceStatus,
  type StorageHealth,
  type StorageRecovery,
  SyncError,
  type SyncErrorCode,
  type SyncInspection,
  type UnsentChoice,
  type UnsentCount,
  type UnsentReason,
  type UnsentRows,
} from '../contract/index.ts'
export type { LiveQuery, LiveSnapshot } from './live-query.ts'
export type { Observable } from './observable.ts'
export { openSpace } from './open-space.ts'
export type {
  CollectionQuery,
  CollectionWriter,
  EntryList,
  PatchOf,
  SignOutOptions,
  Space,
  SpaceCollection,
  SpaceOptions,
  Transaction,
} from './space.ts'
export type { CreateWorker } from './worker-link.ts'
export type { Write } from './write.ts'
