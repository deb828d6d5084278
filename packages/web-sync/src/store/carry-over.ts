import type { StoreOptions } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import { type OldDatabase, readEstate } from './estate.ts'
import { inherit } from './inherit.ts'
import type { RowDatabase } from './row-database.ts'
import type { SyncRow } from './rows.ts'
import { createRunner } from './runner.ts'
import { readSync, readSyncToWrite } from './sync-row.ts'

/**
 * Brings what the app wrote from a replaced database into the one in use. It waits as long as another context holds a transaction there
 * (a frozen tab): in the end that one goes on, or ends, and what it wrote is found. Returns true if all that can be read was taken and
 * nobody writes there any more: the old one can go.
 *
 * Done again (by another tab, or after a crash) it changes nothing more; see {@link inherit}.
 *
 * @param oldName names the old database; one whose contents are known to be here is not opened again: its deletion may wait already
 * @param open opens it, and rejects where it is not there (any more)
 */
export async function carryOver(
  oldName: string,
  open: () => Promise<OldDatabase & { close(): void }>,
  database: RowDatabase,
  context: StoreContext,
  onNotice: StoreOptions['onNotice'],
): Promise<boolean> {
  const run = createRunner(database, context, onNotice)
  if (await run.read(async (tx) => (await readSync(tx)).carried?.includes(oldName) === true)) return true
  const old = await open()
  try {
    const estate = await readEstate(old, () => context.randomId())
    await run.write('strict', (tx, notice) => inherit(tx, context, estate, notice))
    return estate.isWhole
  } finally {
    old.close()
  }
}

/** How far older databases have been carried over. */
export interface CarriedNote {
  /** All that can be read of all of them was brought. */
  readonly isRead: boolean
  /** Names of those that are still there. */
  readonly left: readonly string[]
}

/** Notes how far older databases have been carried over. */
export async function noteCarried(
  database: RowDatabase,
  context: StoreContext,
  onNotice: StoreOptions['onNotice'],
  { isRead, left }: CarriedNote,
): Promise<void> {
  const run = createRunner(database, context, onNotice)
  await run.write('relaxed', async (tx, notice) => {
    const sync = await readSyncToWrite(tx, context)
    const { recovery, carried = [] } = sync
    const noted: Pick<SyncRow, 'carried' | 'recovery'> = {
      carried: carried.filter((name) => left.includes(name)),
      ...(recovery && {
        recovery: {
          ...recovery,
          isRead: recovery.isRead || isRead,
          isOldKept: recovery.isOldKept && left.length > 0,
        },
      }),
    }
    if (JSON.stringify(noted) === JSON.stringify({ carried, ...(recovery && { recovery }) })) return
    tx.put('meta', { ...sync, ...noted })
    notice.touch()
  })
}
