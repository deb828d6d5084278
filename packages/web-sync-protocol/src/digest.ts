import type { RecordVersion } from './record-version.ts'
import { versionBits } from './record-version.ts'

/**
 * What one collection holds, in a form that both sides keep incrementally: how many records, and the sum modulo 2^64 of the random
 * bits of their versions. Equal digests mean equal records, but for one chance in 2^64. Source: docs/protocol.md section 3.
 */
export interface CollectionDigest {
  readonly count: number
  /** 16 lower-case hexadecimal digits. */
  readonly sum: string
}

/** Digests by collection; a collection without records may be missing. */
export type Digest = Readonly<Record<string, CollectionDigest>>

/** The digest of a collection without records. */
export const EMPTY_DIGEST: CollectionDigest = { count: 0, sum: '0000000000000000' }

/** Changes a digest incrementally: a record went from one version to another; null stands for «no record». */
export class DigestBuilder {
  readonly #counts = new Map<string, number>()
  readonly #sums = new Map<string, bigint>()

  constructor(start: Digest = {}) {
    for (const collection of Object.keys(start)) {
      const digest = start[collection] as CollectionDigest
      this.#counts.set(collection, digest.count)
      this.#sums.set(collection, BigInt(`0x${digest.sum}`))
    }
  }

  /** Replaces a record's version: `before` leaves the sum, `after` enters it. */
  replace(collection: string, before: RecordVersion | null, after: RecordVersion | null): void {
    let count = this.#counts.get(collection) ?? 0
    let sum = this.#sums.get(collection) ?? 0n
    if (before !== null) {
      count -= 1
      sum -= BigInt(`0x${versionBits(before)}`)
    }
    if (after !== null) {
      count += 1
      sum += BigInt(`0x${versionBits(after)}`)
    }
    this.#counts.set(collection, count)
    this.#sums.set(collection, BigInt.asUintN(64, sum))
  }

  /** Forgets a collection: it left the checkpoint. */
  drop(collection: string): void {
    this.#counts.delete(collection)
    this.#sums.delete(collection)
  }

  /** The digest as it is now; collections without records are left out, so that equal contents give equal digests. */
  build(): Digest {
    const digest: Record<string, CollectionDigest> = Object.create(null)
    for (const [collection, count] of this.#counts) {
      const bits = this.#sums.get(collection) ?? 0n
      // No records but a sum: a fault that must be seen, so it is not left out.
      if (count === 0 && bits === 0n) continue
      const sum = bits.toString(16).padStart(16, '0')
      digest[collection] = { count, sum }
    }
    return digest
  }
}

/** True if both digests say the same of each of the collections; one that is missing counts as empty. */
export function isSameDigest(a: Digest, b: Digest, collections: readonly string[]): boolean {
  return collections.every((collection) => {
    const left = Object.hasOwn(a, collection) ? (a[collection] as CollectionDigest) : EMPTY_DIGEST
    const right = Object.hasOwn(b, collection) ? (b[collection] as CollectionDigest) : EMPTY_DIGEST
    return left.count === right.count && left.sum === right.sum
  })
}
