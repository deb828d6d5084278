import type { Inspection, PartnerEvent } from 'web-sync-server'
import type { JsonObject } from 'web-sync-protocol'

/** A record as the server has it. */
interface ServerRecord {
  readonly id: string
  readonly version: string
  /** The mutation that made this version; null if it is not known. */
  readonly mutationId: string | null
  readonly value: JsonObject
}

/** One line of a space's change log. */
interface ServerChange {
  readonly number: number
  readonly collection: string
  readonly id: string
  readonly mutationId: string | null
  readonly isDelete: boolean
}

/** One operation of the server's own write. */
export type ServerOp =
  | {
      readonly op: 'insert' | 'put'
      readonly collection: 'notes' | 'places'
      readonly value: JsonObject & { readonly id: string }
    }
  | {
      readonly op: 'patch'
      readonly collection: 'notes' | 'places'
      readonly id: string
      readonly value: JsonObject
    }
  | { readonly op: 'delete'; readonly collection: 'notes' | 'places'; readonly id: string }

/** What a test asks of the server's process: name → arguments and result. */
export interface ServerCommands {
  /** All live records of a collection, by id. */
  readonly records: (space: string, collection: string) => Promise<readonly ServerRecord[]>
  /** The whole change log: a mutation that took effect twice stands in it twice. */
  readonly log: (space: string) => Promise<readonly ServerChange[]>
  readonly inspect: (space: string) => Promise<Inspection>
  /** One text for all live records of the space; equal to what a device that has the same records makes of them. */
  readonly fingerprint: (space: string) => Promise<string>
  /** The server's own write, as a colleague's. */
  readonly transact: (space: string, ops: readonly ServerOp[]) => Promise<void>
  /** Puts `count` places, named `p-000000` and so on. */
  readonly fillPlaces: (space: string, count: number) => Promise<void>
  /** Everything up to now survives a loss of the database, says the operator. */
  readonly markDurable: () => Promise<void>
  /** All sign-ins have expired. */
  readonly expireSignIns: () => Promise<void>
  /** All sign-ins expire before the exchange with this number, counted from now on: 1 is the next. */
  readonly expireBefore: (exchanges: number) => Promise<void>
  /** Whether the account may write in, read, or has lost access to all spaces. */
  readonly setAccess: (account: string, access: 'write' | 'read' | 'ended') => Promise<void>
  /** The next `times` exchanges are answered with this status by something in front of the partner. */
  readonly answerNext: (status: number, times: number) => Promise<void>
  /** From now on the partner takes every ask for one of this protocol version; null: for what it is. */
  readonly setForeignVersion: (version: number | null) => Promise<void>
  /** Another service worker is served from now on: the same code in other bytes, or that of the app's next version. */
  readonly deployServiceWorker: (which: 'rebuilt' | 'next') => Promise<void>
  /** The largest number of exchanges that were under way at once, ever. */
  readonly mostAtOnce: () => Promise<number>
}

/** From the test to the server. */
export interface CommandMessage {
  readonly id: number
  readonly command: keyof ServerCommands
  readonly args: readonly unknown[]
}

/** From the server to the test. */
export type ServerMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'event'; readonly event: PartnerEvent }
  /** Something was asked, with proof of this account (null: none). */
  | { readonly type: 'asked'; readonly as: string | null; readonly body: string }
  /** A browser has reported a violation of the content security policy. */
  | { readonly type: 'violation'; readonly report: string }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
