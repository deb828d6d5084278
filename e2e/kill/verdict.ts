/** What came of the rounds so far. */
export interface Verdict {
  rounds: number
  /** Writes whose promise resolved. */
  acknowledged: number
  /** Names of writes that were acknowledged, and then not to be read, not on the server, or in half (S1, S2, S6). */
  readonly lost: Set<string>
  /** Took effect more than once on the server (S2, S3). */
  doubled: number
  /** Times that something did not answer in time after a kill (S24, L1). */
  wedged: number
  /** Each fault in words, with its promise. */
  readonly faults: string[]
}

/** Nothing has happened yet. */
export function newVerdict(): Verdict {
  return { rounds: 0, acknowledged: 0, lost: new Set(), doubled: 0, wedged: 0, faults: [] }
}

/** How long a browser on a busy machine may take to answer before it counts as stuck. */
const PATIENCE_MS = 30_000

/** Said of work that did not end in time. */
export class Wedged extends Error {
  override readonly name = 'Wedged'
}

/** Waits for work that must end; throws {@link Wedged}. */
export async function inTime<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Wedged(`${what}: no answer for ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
