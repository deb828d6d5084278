import type { IdleAsks, Page } from 'web-sync-protocol'

/** Asks that a client makes in a minute at most while nothing comes of them. */
const ASKS_PER_MINUTE = 12
const MINUTE_MS = 60_000
/** Pages that are remembered, so that the same one is progress only once. */
const REMEMBERED_PAGES = 16

/**
 * A bucket of twelve asks: each takes one, which comes back a minute later, and progress fills it. Whatever a partner, a proxy or a flood
 * of nudges does, asks that lead to nothing are bounded; those that bring something are not held up. All contexts of a device share it by
 * what the store keeps of it; what could not be stored this one remembers alone.
 */
export class Pace {
  /** Of the asks that have not come back yet, in milliseconds as of `#countedAtMs`, oldest first. */
  #ages: number[] = []
  #countedAtMs: number | null = null
  #isStored = true
  #seen: readonly string[] = []

  /** Goes on from what the store has: another context may have asked, or made progress, meanwhile. */
  adopt(stored: IdleAsks | undefined, nowMs: number): void {
    this.#count(nowMs)
    const ages = stored === undefined ? [] : aged(stored.agesMs, nowMs - stored.countedAtMs)
    if (this.#isStored || ages.length > this.#ages.length) this.#ages = ages
  }

  /** What the store is to keep of it; undefined: nothing. */
  read(nowMs: number): IdleAsks | undefined {
    this.#count(nowMs)
    return this.#ages.length === 0 ? undefined : { countedAtMs: nowMs, agesMs: this.#ages }
  }

  /** The store has what {@link Pace.read} said. */
  stored(): void {
    this.#isStored = true
  }

  /** 0: there is room for so many asks; else after how many milliseconds there will be. A clock that is put back neither gives nor takes. */
  waitMs(nowMs: number, asks = 1): number {
    this.#count(nowMs)
    const missing = this.#ages.length + asks - ASKS_PER_MINUTE
    return missing <= 0 ? 0 : MINUTE_MS - (this.#ages[missing - 1] as number) // there are at least as many
  }

  /** An ask is made. */
  take(nowMs: number): void {
    this.#count(nowMs)
    // What a person asks for beyond them takes the place of the oldest.
    this.#ages = [...this.#ages, 0].slice(-ASKS_PER_MINUTE)
    this.#isStored = false
  }

  /** Something came of an ask: a change or an outcome (not the same page again), or a key that is settled now and was not. */
  refill({ key, changes, outcomes }: Page): void {
    const ids = [...changes.map(({ version }) => version), ...outcomes.map(({ mutationId }) => mutationId)]
    const name = ids.length === 0 ? `${key.n} ${key.tag}` : ids.join()
    if (this.#seen.includes(name)) return
    this.#seen = [...this.#seen, name].slice(-REMEMBERED_PAGES)
    this.#ages = []
    this.#isStored = false
  }

  #count(nowMs: number): void {
    this.#ages = aged(this.#ages, nowMs - (this.#countedAtMs ?? nowMs))
    this.#countedAtMs = nowMs
  }
}

function aged(agesMs: readonly number[], passedMs: number): number[] {
  return agesMs.map((ageMs) => ageMs + Math.max(0, passedMs)).filter((ageMs) => ageMs < MINUTE_MS)
}
