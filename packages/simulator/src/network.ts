import type { Chance } from './chance.ts'
import type { Story } from './story.ts'

/** What the network does to one request. */
export type NetworkFault = keyof typeof NETWORK_FAULTS

/** Faults and how often each is drawn, as weights; `none` is the rest. */
export const NETWORK_FAULTS = {
  none: 60,
  'request lost': 4,
  'response lost': 8,
  'response cut': 10,
  'delivered twice': 4,
  'delivered late': 4,
  'captive portal': 2,
  'server error': 3,
  'too many requests': 2,
  unauthenticated: 2,
} as const

/** Carries requests to the partner, badly. */
export class Network {
  readonly #chance: Chance
  readonly #story: Story
  readonly #partner: (request: Request) => Promise<Response>
  readonly #late: Request[] = []
  /** False: no faults at all, for the healing phase. */
  isFaulty = true

  constructor(chance: Chance, story: Story, partner: (request: Request) => Promise<Response>) {
    this.#chance = chance
    this.#story = story
    this.#partner = partner
  }

  /** As the global `fetch`, for one account. */
  async fetch(request: Request): Promise<Response> {
    const fault = this.isFaulty ? this.#chance.weighted(NETWORK_FAULTS) : 'none'
    if (fault !== 'none') {
      this.#story.count(`fault: ${fault}`)
      this.#story.tell(`network: ${fault}`)
    }
    return this.#deliver(request, fault)
  }

  /** Delivers a request that was held up: its initiator has long gone on. */
  async deliverLate(): Promise<void> {
    const request = this.#late.shift()
    if (request === undefined) return
    this.#story.tell('network: a late request arrives')
    await readWhole(await this.#partner(request))
  }

  async #deliver(request: Request, fault: NetworkFault): Promise<Response> {
    switch (fault) {
      case 'none':
        return this.#partner(request)
      case 'request lost':
        throw new TypeError('connection reset')
      case 'response lost':
        await readWhole(await this.#partner(request))
        throw new TypeError('connection reset')
      case 'response cut':
        return cut(await this.#partner(request), this.#chance)
      case 'delivered twice':
        await readWhole(await this.#partner(request.clone()))
        return this.#partner(request)
      case 'delivered late':
        this.#late.push(request)
        throw new TypeError('timed out')
      case 'captive portal':
        return new Response('<html>Please sign in to the Wi-Fi</html>', { headers: { 'content-type': 'text/html' } })
      case 'server error':
        return new Response('upstream failed', { status: 502 })
      case 'too many requests':
        return new Response('slow down', { status: 429, headers: { 'retry-after': '1' } })
      case 'unauthenticated':
        return new Response('sign in', { status: 401 })
    }
  }
}

async function readWhole(response: Response): Promise<void> {
  await response.arrayBuffer()
}

/** The connection breaks after a drawn number of bytes. */
function cut(response: Response, chance: Chance): Response {
  const { body } = response
  if (body === null) return response
  const reader = body.getReader()
  // Mostly small replies: half of the cuts fall into the first kilobyte, the others anywhere in the first 64.
  let left = chance.integer(chance.happens(0.5) ? 1_024 : 65_536)
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      if (value.length > left) {
        if (left > 0) controller.enqueue(value.subarray(0, left))
        await reader.cancel()
        return controller.error(new TypeError('connection reset'))
      }
      left -= value.length
      controller.enqueue(value)
    },
    cancel: async (reason) => reader.cancel(reason),
  })
  return new Response(stream, { status: response.status, headers: response.headers })
}
