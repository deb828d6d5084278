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
  /**
   * Rounds in which the service worker got Background Sync events while no tab was open, and how
   * many it has begun there.
   */
  readonly backgroundSync: { rounds: number; events: number }
  /** Each fault in words, with its promise. */
  readonly faults: string[]
}

/** Nothing has happened yet. */
export function newVerdict(): Verdict {
  return {
    rounds: 0,
    acknowledged: 0,
    lost: new Set(),
    doubled: 0,
    wedged: 0,
    backgroundSync: { rounds: 0, events: 0 },
    faults: [],
  }
}

/** How long the app on a busy machine may take to answer before it counts as stuck. */
const PATIENCE_MS = 30_000
/** The same for what is none of the app's work: processes that end and start. */
export const MACHINE_PATIENCE_MS = 180_000

/** Said of work that did not end in time. */
export class Wedged extends Error {
  override readonly name = 'Wedged'
}

/** Waits for work that must end; throws {@link Wedged}. */
export async function inTime<T>(what: string, work: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Wedged(`${what}: no answer for ${patienceMs / 1000} s`)), patienceMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
