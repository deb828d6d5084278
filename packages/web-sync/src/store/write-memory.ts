import type { Memory } from 'web-sync-protocol'
import { EXCHANGE_LOG_SIZE, type ExchangeEntry } from '../contract/index.ts'
import type { NoticeBuilder, StoreContext } from './context.ts'
import type { RowWriter } from './row-database.ts'
import { readMeta, readSyncToWrite } from './sync-row.ts'

/** Stores what the machine remembers and what a run did. A run that ended up to date decides what is left in salvage. */
export async function writeMemory(
  tx: RowWriter,
  context: StoreContext,
  memory: Memory,
  run: { readonly exchanges: readonly ExchangeEntry[]; readonly syncedAtMs: number | null },
  notice: NoticeBuilder,
): Promise<void> {
  const sync = await readSyncToWrite(tx, context)
  const isUpToDate = run.syncedAtMs !== null
  tx.put('meta', {
    ...sync,
    memory,
    lastSyncAtMs: run.syncedAtMs ?? sync.lastSyncAtMs,
    isSalvageListed: sync.isSalvageListed || isUpToDate,
  })
  if (run.exchanges.length > 0) {
    const earlier = (await readMeta(tx, 'exchanges'))?.list ?? []
    tx.put('meta', { key: 'exchanges', list: [...earlier, ...run.exchanges].slice(-EXCHANGE_LOG_SIZE) })
  }
  notice.touch()
}
