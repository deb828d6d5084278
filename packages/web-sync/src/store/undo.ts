import { isKept } from 'web-sync-protocol'
import { nameToText } from './record-names.ts'
import type { KeptStep, PreImage } from './rows.ts'
import { estimateBytes } from './sizes.ts'

/** The most that pre-images may take; beyond it the oldest steps go. Source: docs/protocol.md section 6, rule 4. */
export const UNDO_MAX_BYTES: number = 32 * 1024 * 1024

/** What thinning does to the kept steps. */
export interface Thinning {
  readonly kept: readonly KeptStep[]
  /** Removed steps, newest first, each with the next older kept step that takes over its pre-images; null: they go. */
  readonly removed: readonly { readonly step: number; readonly into: number | null }[]
}

/**
 * Which kept steps stay after the key became `newest` (rule of kept checkpoints).
 *
 * A step's pre-images lead from the next newer kept step (or the present) back to it. When a step goes, the next older one must lead
 * back over its changes too, so it takes them over; an older pre-image wins. The oldest step's simply go.
 */
export function planThinning(steps: readonly KeptStep[], newest: number): Thinning {
  const kept: KeptStep[] = []
  const removed: { step: number; into: number | null }[] = []
  for (const step of steps) {
    if (isKept(step.syncKey.n, newest)) kept.push(step)
    else removed.push({ step: step.step, into: kept.at(-1)?.step ?? null })
  }
  return { kept, removed: removed.toReversed() }
}

/** Which of the oldest steps must go so that the rest fits; the number of them. */
export function countOverflow(steps: readonly KeptStep[], maxBytes: number): number {
  let total = steps.reduce((sum, step) => sum + step.bytes, 0)
  let dropped = 0
  while (total > maxBytes && dropped < steps.length) {
    total -= (steps[dropped] as KeptStep).bytes
    dropped += 1
  }
  return dropped
}

/** Joins the pre-images of two neighbouring steps; where both name a record the older image wins. */
export function mergePreImages(older: readonly PreImage[], newer: readonly PreImage[]): PreImage[] {
  const merged = new Map<string, PreImage>()
  for (const image of newer) merged.set(imageName(image), image)
  for (const image of older) merged.set(imageName(image), image)
  return [...merged.values()]
}

/** About how much room pre-images take. */
export function preImagesBytes(preImages: readonly PreImage[]): number {
  return preImages.reduce((sum, image) => sum + estimateBytes(image), 0)
}

/** The record that a pre-image is of, as one text. */
function imageName([collection, id]: PreImage): string {
  return nameToText({ collection, id })
}
