import type { Listening } from './listen.ts'

/** How much time {@link shutDown} takes. */
export interface ShutDownOptions {
  /**
   * Milliseconds for which everything is still answered while `readyPath` says 503, so that who balances load sends new requests
   * elsewhere first. Default: 0, for proxies that try another process when this one takes no connection.
   */
  readonly drainMs?: number
  /** Milliseconds after that for what is under way, then it is cut; and as many for the storage to close. Default: 5,000. */
  readonly limitMs?: number
  /** Ends the wait of `drainMs`: somebody is in a hurry. Default: never. */
  readonly hurry?: AbortSignal
}

const LIMIT_MS = 5_000

/** The part of a partner that is needed to stop. */
export interface Stoppable {
  drain(): void
  endStreams(): void
  close(): Promise<void>
}

/**
 * Stops without a failed exchange: not ready → a while for the load balancer → no new connections, event streams end cleanly → requests
 * under way are answered → the storage closes. Resolves when all of it is done, at the latest after `drainMs` + twice `limitMs`.
 *
 * @example
 * process.once('SIGTERM', () => void shutDown(partner, server, { drainMs: 5_000 }))
 */
export async function shutDown(partner: Stoppable, server: Listening, options: ShutDownOptions = {}): Promise<void> {
  partner.drain()
  server.drain()
  await wait(options.drainMs ?? 0, options.hurry)
  partner.endStreams()
  const limitMs = options.limitMs ?? LIMIT_MS
  await server.close(limitMs)
  const closed = new AbortController()
  const closing = partner.close().finally(() => closed.abort())
  await Promise.race([closing, wait(limitMs, closed.signal)])
}

function wait(ms: number, hurry: AbortSignal | undefined): Promise<void> {
  if (ms <= 0 || hurry?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      hurry?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    hurry?.addEventListener('abort', done)
  })
}
