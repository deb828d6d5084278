import type { Ask } from 'web-sync-protocol'
import type { Fetch } from '../transport/index.ts'

/**
 * What happens to one request. `pass`: nothing. `lose-request`: it never arrives. `lose-response`: it is answered and nobody hears it.
 * `repeat`: it arrives twice, the second answer is heard. `hold`: the answer waits until {@link ScriptedFetch.release}, so that later
 * requests overtake it. `respond`: something else answers, e.g. a captive portal.
 */
export type NetworkStep =
  | 'pass'
  | 'lose-request'
  | 'lose-response'
  | 'repeat'
  | 'hold'
  | { readonly respond: () => Response }

/** The network of a test: a function like `fetch`, and the script that it follows. */
export interface ScriptedFetch {
  /** To be given to a test device or to a transport. */
  readonly fetch: Fetch
  /** Adds steps for the next asks; without any left, asks pass. */
  play(...steps: readonly NetworkStep[]): void
  /** How many steps have not been reached yet. */
  readonly left: number
  /** Lets the answers through that are held, the oldest last: they arrive in reverse order. */
  release(): void
}

/** What a script is about. */
export interface ScriptOptions {
  /**
   * Which asks take a step; all others pass. An app also asks when it starts, is nudged, or has waited, so a test of writes should say
   * `({ mutations }) => mutations.length > 0`. Default: all.
   */
  readonly concerns?: (ask: Ask) => boolean
}

/**
 * Puts a script between an initiator and its partner. Only asks take a step; a stream of nudges always passes.
 *
 * @example
 * const network = scriptFetch(partner.fetch)
 * network.play('lose-response') // the next write is accepted, but the device does not hear of it
 */
export function scriptFetch(target: Fetch, { concerns = () => true }: ScriptOptions = {}): ScriptedFetch {
  let steps: readonly NetworkStep[] = []
  let held: (() => void)[] = []
  const hold = (): Promise<void> => new Promise((resolve) => held.push(resolve))
  return {
    fetch: async (url, init) => {
      // The engine sends an ask as text.
      if (init.method !== 'POST' || !concerns(JSON.parse(init.body as string) as Ask)) return target(url, init)
      const [step = 'pass', ...rest] = steps
      steps = rest
      return carry(target, url, init, step, hold)
    },
    play: (...more) => {
      steps = [...steps, ...more]
    },
    get left() {
      return steps.length
    },
    release: () => {
      const released = held.toReversed()
      held = []
      for (const go of released) go()
    },
  }
}

async function carry(
  target: Fetch,
  url: string,
  init: RequestInit,
  step: NetworkStep,
  hold: () => Promise<void>,
): Promise<Response> {
  if (typeof step === 'object') return step.respond()
  if (step === 'lose-request') throw new TypeError('the script lost the request')
  const response = await target(url, init)
  switch (step) {
    case 'pass':
      return response
    case 'lose-response':
      throw new TypeError('the script lost the response')
    case 'repeat':
      return target(url, init)
    case 'hold':
      await hold()
      return response
  }
}
