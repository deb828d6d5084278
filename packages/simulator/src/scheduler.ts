import type { Chance } from './chance.ts'
import type { Story } from './story.ts'

/** Turns of the event loop without any progress after which a race is taken for hanging. */
const MAX_IDLE_TURNS = 20_000

/**
 * Who goes on next. Whatever runs at the same time waits at each port (a transaction, a request, a chunk of an answer) until it is
 * picked, so the interleaving is drawn like everything else. Alone, nobody waits.
 */
export class Scheduler {
  readonly #chance: Chance
  readonly #story: Story
  readonly #waiting: (() => void)[] = []
  #active = 0

  constructor(chance: Chance, story: Story) {
    this.#chance = chance
    this.#story = story
  }

  /** True while several things run at once. */
  get isRacing(): boolean {
    return this.#active > 1
  }

  /** A point at which others may go first. */
  async turn(): Promise<void> {
    if (!this.isRacing) return
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Runs several things at once, in a drawn interleaving; ends when all have ended. */
  async race(works: readonly (() => Promise<void>)[]): Promise<void> {
    const [only] = works
    if (only === undefined) return
    if (works.length === 1) return only()
    this.#active = works.length
    const running = new Set(works)
    const ended = Promise.all(
      works.map(async (work) => {
        try {
          await work()
        } finally {
          running.delete(work)
          this.#active -= 1
        }
      }),
    )
    // Rejections are thrown at the end, when nothing of the race is under way any more.
    ended.catch(() => undefined)
    for (let idle = 0; running.size > 0; idle += 1) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      const next = this.#waiting.splice(this.#chance.integer(this.#waiting.length), 1)[0]
      if (next === undefined) {
        if (idle > MAX_IDLE_TURNS) {
          this.#story.fail('S24', 'several things at once wait for nobody: they hang')
          this.#active = 0
          return
        }
        continue
      }
      idle = 0
      next()
    }
    this.#active = 0
    await ended
  }
}
