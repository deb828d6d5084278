import { type StoreOptions, SyncError } from '../contract/index.ts'
import { NoticeBuilder, type StoreContext, type StoreEnvironment } from './context.ts'
import { GroupedRows } from './grouped/grouped-rows.ts'
import { PackCache } from './packed/pack-cache.ts'
import { PACK_SIZES } from './packed/pack-sizes.ts'
import { PackedReader } from './packed/packed-reader.ts'
import { PackedWriter } from './packed/packed-writer.ts'
import type { WarmRecords } from './packed/warm-records.ts'
import type { RowDatabase, RowReader } from './row-database.ts'
import { UNDO_MAX_BYTES } from './undo.ts'

/** Runs a store's transactions: reads, and writes that are followed by a notice. */
export interface Runner {
  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T>
  write<T>(durability: 'strict' | 'relaxed', work: (tx: PackedWriter, notice: NoticeBuilder) => Promise<T>): Promise<T>
}

/** What a store is made with: the options it is opened with become a context. */
export function toContext(options: StoreOptions, environment: StoreEnvironment): StoreContext {
  const { endpoint = null, movedFrom, account, space, schema } = options
  return {
    endpoint,
    movedFrom,
    account,
    space,
    schema,
    nowMs: () => environment.nowMs(),
    randomId: () => environment.randomId(),
    packSizes: environment.packSizes ?? PACK_SIZES,
    undoMaxBytes: environment.undoMaxBytes ?? UNDO_MAX_BYTES,
  }
}

/** A runner over opened rows; see {@link PackedReader} and {@link GroupedRows}. `warm`: of a store that answers queries. */
export function createRunner(
  database: RowDatabase,
  context: Pick<StoreContext, 'schema' | 'packSizes'>,
  onNotice: StoreOptions['onNotice'],
  warm: WarmRecords | null = null,
): Runner {
  const grouped = new GroupedRows()
  const cache = new PackCache(warm)
  return {
    read: (work) => database.read(async (tx) => work(new PackedReader(await grouped.begin(tx), cache))),
    async write(durability, work) {
      let changes = new NoticeBuilder()
      let packed: PackedWriter | null = null
      const confirm = (): void => {
        grouped.confirm()
        packed?.confirm()
      }
      const result = await database.write(
        durability,
        async (tx) => {
          // The work is done again if the database had to be mended.
          changes = new NoticeBuilder()
          const writer = await grouped.begin(tx)
          packed = new PackedWriter(writer, context.schema, context.packSizes, cache)
          const done = await work(packed, changes)
          await packed.flush()
          writer.flush()
          return done
        },
        confirm,
      )
      const notice = changes.build()
      if (notice !== null) onNotice(notice)
      return result
    },
  }
}

/** The cause of the error of every use of a store that was wiped or emptied by another context. */
export const REMOVED = 'removed'

/** The error of every use after `close`. `cause`: {@link REMOVED}, or nothing. */
export function closedError(cause?: typeof REMOVED): SyncError {
  return new SyncError('closed', 'The space was closed or wiped: open it again.', { cause })
}
