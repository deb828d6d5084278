/**
 * The one source of chance of a simulation: everything that is drawn comes from here, so a seed tells the whole story.
 * Generator: sfc32 (public domain, Chris Doty-Humphrey), good enough for tests and the same on every machine.
 */
export class Chance {
  #a = 0
  #b = 0
  #c = 0
  #d = 1

  constructor(seed: number) {
    this.reseed(seed)
  }

  /** Goes on as a new source with this seed would: each decision of a plan has its own, so that leaving one out changes no other. */
  reseed(seed: number): void {
    this.#a = seed | 0
    this.#b = (seed / 0x1_0000_0000) | 0
    this.#c = 0x9e3779b9
    this.#d = 1
    for (let round = 0; round < 15; round += 1) this.#next()
  }

  /** In [0, 1). */
  fraction(): number {
    return this.#next() / 0x1_0000_0000
  }

  /** An integer from 0 to `below` − 1. */
  integer(below: number): number {
    return Math.floor(this.fraction() * below)
  }

  /** True with the given probability. */
  happens(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of the elements; the array must not be empty. */
  pick<T>(elements: readonly T[]): T {
    return elements[this.integer(elements.length)] as T
  }

  /** One of the names, by weight. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[]
    let rest = this.fraction() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      rest -= weights[name]
      if (rest < 0) return name
    }
    return names.at(-1) as Name
  }

  /** A seed for another source. */
  seed(): number {
    return this.#next()
  }

  /** So many hexadecimal digits. */
  hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += this.#next().toString(16).padStart(8, '0')
    return text.slice(0, digits)
  }

  /** A UUID of version 4. */
  uuid(): string {
    const hex = this.hex(32)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }
}
