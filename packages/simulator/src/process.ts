import type { Scheduler } from './scheduler.ts'

/** Thrown inside a transaction of a process that dies there, so that the transaction is rolled back. */
export class Killed extends Error {}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined)
}

/**
 * A page's worker or a service worker: whatever can die between any two lines. It passes each port by name; a death there is a promise
 * that never settles, for nobody is left to hear of it.
 */
export class Process {
  readonly name: string
  /** Settles when the process is dead. */
  readonly death: Promise<void>
  readonly #scheduler: Scheduler
  #die: () => void = () => undefined
  #isDead = false
  #portsLeft: number | null = null
  #passed = 0

  constructor(name: string, scheduler: Scheduler) {
    this.name = name
    this.#scheduler = scheduler
    this.death = new Promise((resolve) => {
      this.#die = resolve
    })
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** True if each port has to be passed one by one: somebody else may go first, or death may come. */
  get isWatched(): boolean {
    return this.#portsLeft !== null || this.#scheduler.isRacing
  }

  /** How many ports it has passed. */
  get passed(): number {
    return this.#passed
  }

  /** It dies at the port after so many; null: it goes on. */
  killAfter(ports: number | null): void {
    this.#portsLeft = ports
  }

  kill(): void {
    this.#isDead = true
    this.#die()
  }

  /** Passes a port at which the process may wait, or die. */
  async port(): Promise<void> {
    if (this.step()) return never()
    if (!this.#scheduler.isRacing) return
    await this.#scheduler.turn()
    if (this.#isDead) await never()
  }

  /** Passes a port inside a transaction, where nobody waits; true: it is dead. */
  step(): boolean {
    this.#passed += 1
    if (this.#isDead) return true
    if (this.#portsLeft === null) return false
    this.#portsLeft -= 1
    if (this.#portsLeft >= 0) return false
    this.kill()
    return true
  }
}
