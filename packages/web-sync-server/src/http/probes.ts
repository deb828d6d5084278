/** Where an operator's tools ask how the partner is, and what they are told. */
export interface ProbeOptions {
  /** Null: not answered. */
  readonly healthPath: string | null
  /** Null: not answered. */
  readonly readyPath: string | null
  /** True once the partner is about to stop. */
  readonly isDraining: () => boolean
  /** Whether the storage can be reached and may be written; rejects if it cannot be reached. */
  readonly isPrimary: () => Promise<boolean>
  /** Calls `run` after a time, unless the returned function is called before. */
  readonly after: (ms: number, run: () => void) => () => void
}

/** What the probes say; `up` and `ready` with 200, the others with 503. */
type ProbeStatus = 'up' | 'ready' | 'draining' | 'behind' | 'unreachable'

/** How long the storage may take: who balances load wants to know soon. */
const READY_WITHIN_MS = 2_000

/**
 * Answers the two questions of an operator's tools; null: it was another one. *Health*: the process answers at all. *Ready*: exchanges may be
 * sent here, since the storage is there and is the primary, and nobody is about to stop this process. Asked by anybody who can reach it,
 * so it says no more, and asks the storage for all who wait at once.
 */
export function answerProbe(options: ProbeOptions): (request: Request, pathname: string) => Promise<Response | null> {
  let underWay: Promise<ProbeStatus> | null = null
  return async (request, pathname) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null
    if (pathname === options.healthPath) return toResponse('up')
    if (pathname !== options.readyPath) return null
    if (options.isDraining()) return toResponse('draining')
    underWay ??= askStorage(options).finally(() => (underWay = null))
    const status = await underWay
    return toResponse(options.isDraining() ? 'draining' : status)
  }
}

function askStorage({ isPrimary, after }: ProbeOptions): Promise<ProbeStatus> {
  return new Promise((resolve) => {
    const stop = after(READY_WITHIN_MS, () => resolve('unreachable'))
    const answer = (status: ProbeStatus): void => {
      stop()
      resolve(status)
    }
    isPrimary().then(
      (isIt) => answer(isIt ? 'ready' : 'behind'),
      () => answer('unreachable'),
    )
  })
}

function toResponse(status: ProbeStatus): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return new Response(`${JSON.stringify({ status })}\n`, {
    status: status === 'up' || status === 'ready' ? 200 : 503,
    headers,
  })
}
