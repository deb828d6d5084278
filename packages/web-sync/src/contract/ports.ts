import type { Ask, Page, Problem, ReplyHead } from 'web-sync-protocol'

/** The time, for waits and logs; nothing is decided by it (docs/protocol.md section 7). */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number
}

/** Chance. */
export interface Random {
  /** 128 random bits as 32 lower-case hexadecimal digits. */
  id(): string
  /** In [0, 1). */
  fraction(): number
}

/** Ends a run from outside; the part of AbortSignal that the engine needs. */
export interface StopSignal {
  readonly aborted: boolean
}

/** Headers that prove who is asking; empty where cookies do. Never stored. */
export type AuthHeaders = Readonly<Record<string, string>>

/** How the app signs requests. */
export interface Auth {
  /** Headers for the next request; null: nobody is signed in. `isRefresh`: the last ones were answered 401, get new ones. */
  getHeaders(isRefresh: boolean): Promise<AuthHeaders | null>
}

/** Mutual exclusion between workers, tabs and the service worker. */
export interface Lock {
  /**
   * Runs `work` while holding the lock; null if it is not free and `ifAvailable` is set. Released however `work` ends.
   */
  hold<T>(name: string, options: { readonly ifAvailable: boolean }, work: () => Promise<T>): Promise<T | null>
}

/** The pages of a reply, as they come. */
export interface PageStream {
  /** The next page; null: the reply ended, whole or cut. What was cut in the middle of a page is not a page. Never rejects. */
  next(): Promise<Page | null>
  /** Stops reading; the partner notices. */
  cancel(): void
}

/** What came of an ask. */
export type Answer =
  | { readonly type: 'reply'; readonly head: ReplyHead; readonly pages: PageStream }
  | { readonly type: 'problem'; readonly problem: Problem; readonly retryAfterMs: number | null }
  | { readonly type: 'failed'; readonly reason: 'network' | 'timeout' | 'not-our-partner' | 'server-error' }

/** Carries an ask to the partner. Never rejects: what can go wrong is an {@link Answer}. */
export interface Transport {
  send(ask: Ask, headers: AuthHeaders): Promise<Answer>
}
