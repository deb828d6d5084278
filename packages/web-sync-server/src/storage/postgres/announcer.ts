import type { CommitNotice } from '../../contract/index.ts'

/** The channel of NOTIFY on which processes on one database tell each other which space has changed. */
export const CHANNEL = 'web_sync_commits'

/** At most one notice in this time for each space and process: devices are nudged no more often either. */
const PAUSE_MS = 1_000

/** What goes through the channel. It names spaces and partnerships, no records: whoever may connect to the database can listen. */
export interface Notice {
  /** The process that says it: it needs no telling itself. */
  readonly source: string
  /** Null: it only wants to hear itself. */
  readonly commit: CommitNotice | null
}

/** What was committed during a pause. */
interface Pause {
  /** Undefined: nothing. */
  by: string | null | undefined
}

/**
 * Decides what other processes are told, and when. The first commit of a space takes its notice with it, inside its transaction; what
 * follows within a second is told together when the second is over. (A transaction with NOTIFY holds one lock for the whole database
 * while it commits, so it should not be each of them.) A process that dies within that second tells nobody: no nudge is needed for
 * correctness.
 */
export class Announcer {
  /** Names this process. */
  readonly source: string = crypto.randomUUID()
  readonly #notify: (payload: string) => Promise<void>
  readonly #pauses = new Map<string, { readonly pause: Pause; readonly timer: NodeJS.Timeout }>()

  /** `tell` sends a payload on a connection of its own choice; it may fail. */
  constructor(notify: (payload: string) => Promise<void>) {
    this.#notify = notify
  }

  /** What a transaction sends with its commit; null: it is told later, by {@link committed}. */
  claim(commit: CommitNotice): string | null {
    if (this.#pauses.has(commit.space)) return null
    this.#startPause(commit.space)
    return this.payload(commit)
  }

  /** A transaction whose notice was not claimed has committed. */
  committed({ space, partnershipId }: CommitNotice): void {
    const pause = (this.#pauses.get(space) ?? this.#startPause(space)).pause
    // Two of them: everybody wants to know.
    pause.by = pause.by === undefined || pause.by === partnershipId ? partnershipId : null
  }

  /** The text of a notice; without a commit one that only its sender hears. */
  payload(commit: CommitNotice | null): string {
    return JSON.stringify({ source: this.source, commit } satisfies Notice)
  }

  /** Tells what was not told yet, as far as it can. */
  async close(): Promise<void> {
    const pauses = [...this.#pauses]
    this.#pauses.clear()
    for (const [space, { pause, timer }] of pauses) {
      clearTimeout(timer)
      if (pause.by === undefined) continue
      await this.#notify(this.payload({ space, partnershipId: pause.by })).catch(() => undefined)
    }
  }

  #startPause(space: string): { readonly pause: Pause } {
    const pause: Pause = { by: undefined }
    const timer = setTimeout(() => {
      this.#pauses.delete(space)
      if (pause.by === undefined) return
      this.#startPause(space)
      this.#notify(this.payload({ space, partnershipId: pause.by })).catch(() => undefined)
    }, PAUSE_MS)
    // It keeps no program alive that has nothing else to do.
    timer.unref()
    const entry = { pause, timer }
    this.#pauses.set(space, entry)
    return entry
  }
}

/** Reads a notice; null: it is not one of ours. */
export function parseNotice(payload: string | undefined): Notice | null {
  try {
    const { source, commit } = JSON.parse(payload ?? '') as Partial<Notice>
    if (typeof source !== 'string') return null
    if (commit === null) return { source, commit }
    if (typeof commit?.space !== 'string') return null
    const { space, partnershipId } = commit
    return { source, commit: { space, partnershipId: typeof partnershipId === 'string' ? partnershipId : null } }
  } catch {
    return null
  }
}
