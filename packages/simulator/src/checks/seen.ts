import { GroupedRows, type LocalOp, PackedReader } from 'web-sync/testing'
import type { Device } from '../device.ts'
import { marksOf } from './marks.ts'
import { readSyncRow } from './base.ts'

/** Marks of the records that these operations delete, as the device shows them now: what a deletion that is made now has seen. */
export async function readSeen(
  device: Device,
  ops: readonly LocalOp[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const deletes = ops.filter((op) => op.op === 'delete')
  const seen = new Map<string, ReadonlySet<string>>()
  if (deletes.length === 0) return seen
  const { generation } = await readSyncRow(device)
  await device.disk.rows.read(async (tx) => {
    const grouped = await new GroupedRows().begin(tx)
    const packed = new PackedReader(tx)
    for (const { collection, id } of deletes) {
      const overlay = await grouped.get('overlay', [collection, id])
      const base = await packed.get('base', [generation, collection, id])
      const value = overlay === undefined ? base?.value : overlay.value
      seen.set(`${collection}/${id}`, value === undefined || value === null ? new Set() : marksOf(value))
    }
  })
  return seen
}
