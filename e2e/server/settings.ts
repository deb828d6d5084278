import type { Access } from 'web-sync-server'

/** What a test can change. */
export interface Settings {
  /** Sessions of an older epoch have expired. */
  epoch: number
  /** So many exchanges from now on all sign-ins expire; null: they do not. */
  expiresBefore: number | null
  readonly accessByAccount: Map<string, Access>
  answer: { readonly status: number; times: number } | null
  /** All asks are taken for ones of this protocol version; null: for what they are. */
  foreignVersion: number | null
  serviceWorker: 'first' | 'rebuilt' | 'next'
  /** Exchanges under way now, and the most there ever were. */
  underWay: number
  mostAtOnce: number
}
