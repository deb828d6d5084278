import { keyNumber } from 'web-sync-protocol'
import { listByNumber } from './row-database.ts'
import type { StoreContext } from './context.ts'
import type { RowReader, RowWriter } from './row-database.ts'
import type { KeptStep, PreImage, SyncRow, UndoRow } from './rows.ts'
import { readMeta } from './sync-row.ts'
import { countOverflow, mergePreImages, planThinning, preImagesBytes } from './undo.ts'

/** The steps that a rollback can restore, oldest first. */
export async function readKeptSteps(tx: RowReader): Promise<readonly KeptStep[]> {
  return (await readMeta(tx, 'checkpoints'))?.list ?? []
}

/** Forgets all steps: what happened cannot be undone. */
export function clearUndo(tx: RowWriter): void {
  tx.clear('undo')
  tx.put('meta', { key: 'checkpoints', list: [] })
}

/**
 * Keeps what is needed to come back to the key that a page leaves. If that key is not settled (collections were added), the
 * pre-images join those of the last settled one; before the first settled key there is nothing to come back to. Records of
 * collections that the settled key did not cover need none: a rollback removes those collections whole.
 */
export async function recordUndo(
  tx: RowWriter,
  { undoMaxBytes }: Pick<StoreContext, 'undoMaxBytes'>,
  leaving: SyncRow,
  newest: number,
  preImages: readonly PreImage[],
): Promise<void> {
  const steps = [...(await readKeptSteps(tx))]
  if (leaving.isSettled && leaving.syncKey !== 0 && leaving.partnershipId !== null) {
    const { step, partnershipId, syncKey, collections, digest } = leaving
    steps.push({ step, partnershipId, syncKey, collections, digest, bytes: 0 })
  }
  const last = steps.pop()
  if (last === undefined) return
  const needed = preImages.filter(([collection]) => last.collections.includes(collection))
  const isNew = last.step === leaving.step
  const older = isNew ? [] : ((await tx.get('undo', last.step))?.preImages ?? [])
  const merged = mergePreImages(older, needed)
  tx.put('undo', { step: last.step, preImages: merged })
  steps.push({ ...last, bytes: preImagesBytes(merged) })
  tx.put('meta', { key: 'checkpoints', list: await thinUndo(tx, steps, newest, undoMaxBytes) })
}

/** Applies the rule of kept checkpoints and the limit of size; returns the steps that are left. */
async function thinUndo(
  tx: RowWriter,
  steps: readonly KeptStep[],
  newest: number,
  maxBytes: number,
): Promise<readonly KeptStep[]> {
  const { kept, removed } = planThinning(steps, newest)
  const bytesByStep = new Map<number, number>()
  for (const { step, into } of removed) {
    if (into !== null) {
      const [older, newer] = await tx.getMany('undo', [into, step])
      const preImages = mergePreImages(older?.preImages ?? [], newer?.preImages ?? [])
      tx.put('undo', { step: into, preImages })
      bytesByStep.set(into, preImagesBytes(preImages))
    }
    tx.delete('undo', step)
  }
  const sized = kept.map((step) => ({ ...step, bytes: bytesByStep.get(step.step) ?? step.bytes }))
  const overflow = countOverflow(sized, maxBytes)
  for (const { step } of sized.slice(0, overflow)) tx.delete('undo', step)
  return sized.slice(overflow)
}

/** The images that lead from the present back to a kept step; null: one is missing. */
export async function readWayBack(
  tx: RowReader,
  steps: readonly KeptStep[],
  target: KeptStep,
): Promise<readonly PreImage[] | null> {
  const needed = steps.filter((step) => step.step >= target.step).map((step) => step.step)
  const rows = new Map((await listByNumber(tx, 'undo', target.step)).map((row): [number, UndoRow] => [row.step, row]))
  let images: readonly PreImage[] = []
  for (const step of needed.toReversed()) {
    const row = rows.get(step)
    if (row === undefined) return null
    images = mergePreImages(row.preImages, images)
  }
  return images
}

/** True if the key is one that `have` may name: settled, and not of a resync under way. */
export function isOffered(sync: SyncRow): boolean {
  return sync.resync === null && sync.isSettled && keyNumber(sync.syncKey) > 0
}
