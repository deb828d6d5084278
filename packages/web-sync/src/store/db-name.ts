import { hashStoreId, type StoreId } from '../contract/index.ts'

/** The name of a store's database: no e-mail or user id in clear. */
export function makeDbName(id: StoreId): string {
  return `web-sync-${hashStoreId(id)}`
}
