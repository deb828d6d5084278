import { PartnerError } from '../../contract/index.ts'

/** Who works and who waits at one name. */
interface Line {
  working: number
  readonly waiting: (() => void)[]
}

/**
 * Lets jobs of one name run one after another, in the order in which they came, or `width` of them at the same time; jobs of other names
 * do not wait for them. So a busy space never takes more than its share of the connections, and its transactions wait here, where it
 * costs nothing, and not for each other's locks.
 */
export class Turns {
  readonly #width: number
  readonly #waitMs: number
  readonly #lines = new Map<string, Line>()

  /** `waitMs`: how long a job waits for its turn before it is given up. */
  constructor(width: number, waitMs: number) {
    this.#width = width
    this.#waitMs = waitMs
  }

  /** Resolves or rejects as the job does; rejects with PartnerError 'busy' if its turn does not come in time: then it never ran. */
  async run<T>(name: string, job: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(name) ?? { working: 0, waiting: [] }
    this.#lines.set(name, line)
    if (line.working < this.#width) line.working += 1
    else await this.#wait(line)
    try {
      return await job()
    } finally {
      this.#leave(name, line)
    }
  }

  /** The one who leaves hands the place over, so `working` stays as it is. */
  #leave(name: string, line: Line): void {
    const next = line.waiting.shift()
    if (next !== undefined) return next()
    line.working -= 1
    if (line.working === 0) this.#lines.delete(name)
  }

  #wait(line: Line): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        line.waiting.splice(line.waiting.indexOf(enter), 1)
        reject(new PartnerError('busy', 'too many transactions wait for this space: nothing was stored, try again'))
      }, this.#waitMs)
      line.waiting.push(enter)
    })
  }
}
