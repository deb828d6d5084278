import { sha256 } from './sha256.ts'

/** What names a store on this device. Two stores that differ in any of it share nothing: docs/decisions/0026-store-bound-to-partner.md. */
export interface StoreId {
  /** Name of the app: `app` of its schema. */
  readonly app: string
  /** Absolute address of the partner; null: there is none, or it is behind a port. */
  readonly endpoint: string | null
  readonly account: string
  readonly space: string
  /** Addresses at which the same partner was before, newest first; null: there was none. No part of the name. Default: none. */
  readonly movedFrom?: readonly (string | null)[] | undefined
}

/** What a store was named by while its partner was at other addresses, newest first. */
export function formerIds({ movedFrom = [], ...id }: StoreId): StoreId[] {
  return movedFrom.filter((endpoint) => endpoint !== id.endpoint).map((endpoint) => ({ ...id, endpoint }))
}

/**
 * The address of a partner as part of a store's name: without its fragment, which is never sent.
 * Page and service worker must make the same name of what the app gives them.
 *
 * @param href an absolute address, as `URL` writes it
 */
export function toEndpoint(href: string): string {
  return href.split('#', 1).join('')
}

/** The stores of one account with one partner. */
export type StoreOwner = Omit<StoreId, 'space'>

/**
 * A short name for a store: of its database, its locks, channels and notes. No e-mail or user id in clear; nobody can make two that are equal.
 *
 * @returns the first 32 hexadecimal digits of SHA-256 over the JSON of [app, endpoint, account, space]
 */
export function hashStoreId({ app, endpoint, account, space }: StoreId): string {
  return hashNames([app, endpoint, account, space])
}

/** As {@link hashStoreId}, for what all stores of an account with one partner have in common. */
export function hashStoreOwner({ app, endpoint, account }: StoreOwner): string {
  return hashNames([app, endpoint, account])
}

function hashNames(names: readonly (string | null)[]): string {
  return sha256(JSON.stringify(names)).slice(0, 32)
}
