/** The newest change of a space: its number, and the version that tells it from a change of the same number in another history. */
export interface Top {
  readonly head: number
  readonly version: string
}

/** A change that standbys have flushed once they have flushed the log up to there. */
interface Placed extends Top {
  readonly position: bigint
}

/** What is known of a space. */
interface Place {
  /** Null: nothing. */
  durable: Top | null
  /** The oldest that waits for the standbys, and the newest: what came between them is passed with the newest. */
  oldest: Placed | null
  newest: Placed | null
}

/** Tops that were seen before the database was asked for its position. */
export interface UnplacedTops {
  readonly epoch: string
  readonly topsBySpace: ReadonlyMap<string, Top>
}

/** What the primary said, at one moment. */
export interface Sample {
  /** Of the server that said it. */
  readonly epoch: string
  /** How far its own log is flushed: everything that anybody had seen committed lies before it. */
  readonly position: bigint
  /** How far every standby that may be promoted has flushed the log; null: one of them is missing, or nobody is named. */
  readonly flushed: bigint | null
}

/** More spaces are not remembered: those not seen for the longest time begin anew, which costs time and nothing else. */
const MAX_SPACES = 100_000

/**
 * Finds out which changes survive the loss of the primary: those that every standby that may be promoted has flushed.
 *
 * A transaction has seen change H (or made it) and has committed → only then the primary is asked for its log's position P: the commit
 * lies before it → when all standbys have flushed P, H is durable. Positions of two servers, or of one server before and after a restart,
 * cannot be compared (after a restore the same positions stand for other commits): all of it is forgotten when the *epoch*, the start of
 * the server, is another one. And since a space that was erased begins again with 1, whoever asks must show that the change of that
 * number is the one that is meant, by its version.
 *
 * In memory, of one process: each finds out by itself.
 */
export class Horizon {
  #epoch = ''
  readonly #places = new Map<string, Place>()
  /** Spaces that wait for the standbys. */
  readonly #waiting = new Set<string>()
  #unplaced = new Map<string, Top>()

  /** The change that is known to be durable, as long as one is on the server of this epoch; null: none is. */
  durableOf(space: string): (Top & { readonly epoch: string }) | null {
    const durable = this.#places.get(space)?.durable ?? null
    return durable === null ? null : { ...durable, epoch: this.#epoch }
  }

  /** True if the database should be asked again. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0 || this.#unplaced.size > 0
  }

  /** A transaction that has seen this change is over, on the server of this epoch. */
  note(space: string, top: Top, epoch: string): void {
    this.#enter(epoch)
    if (this.#places.get(space)?.durable?.version === top.version) return
    this.#unplaced.set(space, top)
  }

  /** To be called before the database is asked; what is noted later belongs to the next time. */
  takeUnplaced(): UnplacedTops {
    const topsBySpace = this.#unplaced
    this.#unplaced = new Map()
    return { epoch: this.#epoch, topsBySpace }
  }

  /** Judges with what the database has answered. */
  judge({ epoch, topsBySpace }: UnplacedTops, sample: Sample): void {
    this.#enter(sample.epoch)
    if (epoch === sample.epoch) for (const [space, top] of topsBySpace) this.#put(space, top, sample.position)
    for (const space of this.#waiting) this.#pass(space, sample.flushed)
  }

  #put(space: string, top: Top, position: bigint): void {
    const place = this.#places.get(space) ?? { durable: null, oldest: null, newest: null }
    // Again at the end: those at the beginning are forgotten first.
    this.#places.delete(space)
    this.#places.set(space, place)
    if (place.oldest?.version !== top.version) {
      if (place.oldest === null) place.oldest = { ...top, position }
      else if (place.newest?.version !== top.version) place.newest = { ...top, position }
    }
    this.#waiting.add(space)
    for (const [oldest] of this.#places) {
      if (this.#places.size <= MAX_SPACES) break
      this.#places.delete(oldest)
      this.#waiting.delete(oldest)
    }
  }

  #pass(space: string, flushed: bigint | null): void {
    const place = this.#places.get(space)
    if (place !== undefined && flushed !== null) pass(place, flushed)
    if (place === undefined || place.oldest === null) this.#waiting.delete(space)
  }

  #enter(epoch: string): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#places.clear()
    this.#waiting.clear()
    this.#unplaced.clear()
  }
}

function pass(place: Place, flushed: bigint): void {
  for (let { oldest } = place; oldest !== null && oldest.position <= flushed; oldest = place.oldest) {
    place.durable = { head: oldest.head, version: oldest.version }
    place.oldest = place.newest
    place.newest = null
  }
}
