/** How large packs are, and how much is done at once. Tests make them small, so that a few records are many packs. */
export interface PackSizes {
  /** The most records in one pack. */
  readonly records: number
  /** The most index entries in one pack. */
  readonly entries: number
  /** UTF-16 units that a pack of several entries does not exceed: well below what the platform moves to a file of its own. */
  readonly length: number
  /** The most packs of the larger layer that one step of merging writes anew. */
  readonly mergePacks: number
  /** With more layers a tree is merged by the transaction that adds to it: a first sync of any length leaves about so many. */
  readonly layers: number
  /** Records that one step packs, or gives new index entries, while a store is opened. */
  readonly stepRows: number
}

/** Measured in Chromium (docs/decisions/0008): in a first sync the browser's processor time grows with the number of packs. */
export const PACK_SIZES: PackSizes = {
  records: 192,
  entries: 1_024,
  length: 48_000,
  mergePacks: 16,
  layers: 64,
  stepRows: 2_000,
}
