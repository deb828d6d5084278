import { type PartnerStorage, sqliteStorage } from 'web-sync-server'
import { postgresStorage } from 'web-sync-server/postgres'
import type { ServerSettings } from './messages.ts'

/** Opens the storage that is to be measured. */
export async function openStorage({ storage, data }: ServerSettings): Promise<PartnerStorage> {
  switch (storage) {
    case 'sqlite':
      return sqliteStorage(data)
    case 'postgres':
      return postgresStorage({ url: data })
  }
}
