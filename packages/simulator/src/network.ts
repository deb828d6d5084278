import { isJsonObject } from 'web-sync-protocol'
import type { Chance } from './chance.ts'
import type { PartnerHost } from './partner-host.ts'
import type { Process } from './process.ts'
import type { Scheduler } from './scheduler.ts'
import type { Story } from './story.ts'
import type { FaultClass } from './swarm.ts'

/** Faults of one request: how often each is drawn, as weights, and the class that it belongs to. */
const NETWORK_FAULTS: Readonly<
  Record<Exclude<NetworkFault, 'none'>, { readonly weight: number; readonly class: FaultClass }>
> = {
  'request lost': { weight: 4, class: 'lost' },
  'response lost': { weight: 8, class: 'lost' },
  'response cut': { weight: 12, class: 'cut' },
  'response corrupted': { weight: 2, class: 'cut' },
  'delivered twice': { weight: 5, class: 'twice' },
  'delivered late': { weight: 5, class: 'late' },
  'captive portal': { weight: 2, class: 'not our partner' },
  'cached reply': { weight: 2, class: 'not our partner' },
  'proxy error': { weight: 2, class: 'not our partner' },
  'not found': { weight: 1, class: 'not our partner' },
  'method refused': { weight: 1, class: 'not our partner' },
  'redirect refused': { weight: 1, class: 'not our partner' },
  'too many requests': { weight: 2, class: 'refusing' },
  'service unavailable': { weight: 2, class: 'refusing' },
  unauthenticated: { weight: 2, class: 'refusing' },
  'too large': { weight: 1, class: 'refusing' },
  'wrong version': { weight: 0.5, class: 'refusing' },
}

/** What the network does to one request. */
export type NetworkFault =
  | 'none'
  | 'request lost'
  | 'response lost'
  | 'response cut'
  | 'response corrupted'
  | 'delivered twice'
  | 'delivered late'
  | 'captive portal'
  | 'cached reply'
  | 'proxy error'
  | 'not found'
  | 'method refused'
  | 'redirect refused'
  | 'too many requests'
  | 'service unavailable'
  | 'unauthenticated'
  | 'too large'
  | 'wrong version'

/** Every ask is answered so, whoever sends it. */
export interface Storm {
  readonly status: 429 | 503
  readonly retryAfterSeconds: number
}

/** What goes over a simulated network needs. */
export interface NetworkParts {
  readonly chance: Chance
  readonly story: Story
  readonly scheduler: Scheduler
  readonly host: PartnerHost
  readonly classes: readonly FaultClass[]
  /** Hears of each answer that the partner gave, before anything happens to it. */
  readonly watch: (body: string, answer: () => Promise<Response>) => Promise<Response>
}

/** Carries requests to the partner, badly. */
export class Network {
  readonly #parts: NetworkParts
  readonly #weights: Readonly<Partial<Record<NetworkFault, number>>>
  readonly #late: { readonly request: Request; readonly body: string }[] = []
  #cached: { readonly body: string; readonly headers: Headers } | null = null
  #nextCut: { readonly after: number | null; bytes: number | null } | null = null
  /** False: no faults at all, for the healing phase. */
  isFaulty = true
  /** A firewall answers asks that carry this text with a page of its own, or an overworked partner with 500; null: there is none. */
  poison: { readonly text: string; readonly answer: 'page' | 'error' } | null = null

  /** Somebody before the partner refuses everything for a while; null: nobody does. */
  storm: Storm | null = null

  constructor(parts: NetworkParts) {
    this.#parts = parts
    const weights: Partial<Record<NetworkFault, number>> = { none: 60 }
    for (const name of Object.keys(NETWORK_FAULTS) as (keyof typeof NETWORK_FAULTS)[]) {
      if (parts.classes.includes(NETWORK_FAULTS[name].class)) weights[name] = NETWORK_FAULTS[name].weight
    }
    this.#weights = weights
  }

  /** As the global `fetch`, for one process. */
  async fetch(process: Process, request: Request, body: string): Promise<Response> {
    await process.port()
    const { chance, story } = this.#parts
    const { poison } = this
    if (poison !== null && body.includes(poison.text)) {
      story.count('fault: poisoned mutation')
      return poison.answer === 'page' ? htmlPage(403) : problem(500, 'internal', requestIdOf(body))
    }
    if (this.storm !== null) {
      const { status, retryAfterSeconds } = this.storm
      return problem(status, status === 429 ? 'slow-down' : 'busy', requestIdOf(body), retryAfterSeconds)
    }
    const fault = this.isFaulty ? chance.weighted(this.#weights as Record<NetworkFault, number>) : 'none'
    if (fault !== 'none') {
      story.count(`fault: ${fault}`)
      story.tell(`network: ${fault}`)
    }
    const delivered = await this.#deliver(request, body, fault)
    const response = this.#nextCut?.bytes === null ? await cutWhole(delivered, this.#nextCut) : delivered
    if (delivered.status >= 400) story.count(`sometimes: answer ${delivered.status}`)
    await process.port()
    return process.isWatched ? watchBody(response, process) : response
  }

  /** Lets one answer break off after so many bytes (null: none) while `work` runs; returns how many bytes the first answer had. */
  async cutNext(after: number | null, work: () => Promise<void>): Promise<number> {
    this.#nextCut = { after, bytes: null }
    const cutting = this.#nextCut
    await work()
    this.#nextCut = null
    return cutting.bytes ?? 0
  }

  /** Delivers a request that was held up: its initiator has long gone on. */
  async deliverLate(): Promise<void> {
    const late = this.#late.shift()
    if (late === undefined) return
    this.#parts.story.tell('network: a late request arrives')
    await readWhole(await this.#ask(late.request, late.body).catch(() => new Response()))
  }

  #ask(request: Request, body: string): Promise<Response> {
    return this.#parts.watch(body, () => this.#parts.host.fetch(request))
  }

  async #deliver(request: Request, body: string, fault: NetworkFault): Promise<Response> {
    const { chance } = this.#parts
    switch (fault) {
      case 'none':
        return this.#remember(await this.#ask(request, body))
      case 'request lost':
        throw new TypeError('connection reset')
      case 'redirect refused':
        throw new TypeError('redirects are errors')
      case 'response lost':
        await readWhole(await this.#ask(request, body))
        throw new TypeError('connection reset')
      case 'response cut':
        // Mostly small replies: half of the cuts fall into the first kilobyte, the others anywhere in the first 64.
        return cut(await this.#ask(request, body), chance.integer(chance.happens(0.5) ? 1_024 : 65_536), null)
      case 'response corrupted':
        return cut(await this.#ask(request, body), chance.integer(1_024), 0xff)
      case 'delivered twice':
        await readWhole(await this.#ask(request.clone(), body))
        return this.#ask(request, body)
      case 'delivered late':
        this.#late.push({ request, body })
        throw new TypeError('timed out')
      case 'captive portal':
        return htmlPage(200)
      case 'cached reply':
        return this.#cached === null
          ? htmlPage(200)
          : new Response(this.#cached.body, { headers: this.#cached.headers })
      case 'proxy error':
        return htmlPage(502)
      case 'not found':
        return problem(404, 'not-found', null)
      case 'method refused':
        return problem(405, 'method-not-allowed', null)
      case 'too many requests':
        return problem(429, 'slow-down', requestIdOf(body), 1)
      case 'service unavailable':
        return problem(503, 'busy', requestIdOf(body), 1)
      case 'unauthenticated':
        return problem(401, 'unauthenticated', null)
      case 'too large':
        return problem(413, 'too-large', null)
      case 'wrong version':
        return problem(426, 'version', null)
    }
  }

  /** Now and then a reply is kept, for a proxy that should not have. */
  async #remember(response: Response): Promise<Response> {
    const { chance, classes } = this.#parts
    if (!classes.includes('not our partner') || response.status !== 200 || !chance.happens(0.05)) return response
    const body = await response.text()
    this.#cached = { body, headers: response.headers }
    return new Response(body, { headers: response.headers })
  }
}

function htmlPage(status: number): Response {
  return new Response('<html>Please sign in to the Wi-Fi</html>', { status, headers: { 'content-type': 'text/html' } })
}

/** A problem as the partner, or a gateway that speaks for it, would say it. */
function problem(status: number, code: string, requestId: string | null, retryAfterSeconds?: number): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json', 'web-sync-protocol': '1' })
  if (retryAfterSeconds !== undefined) headers.set('retry-after', String(retryAfterSeconds))
  return new Response(JSON.stringify({ protocol: 1, status, code, title: code, requestId }), { status, headers })
}

function requestIdOf(body: string): string | null {
  const ask: unknown = JSON.parse(body)
  const requestId = isJsonObject(ask) ? ask['requestId'] : null
  return typeof requestId === 'string' ? requestId : null
}

async function readWhole(response: Response): Promise<void> {
  await response.arrayBuffer().catch(() => undefined)
}

/** Reads an answer whole, and hands over as much of it as shall arrive. */
async function cutWhole(
  response: Response,
  cutting: { readonly after: number | null; bytes: number | null },
): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer())
  cutting.bytes = body.length
  const whole = new Response(body, { status: response.status, headers: response.headers })
  return cutting.after === null ? whole : cut(whole, cutting.after, null)
}

/** The connection breaks after so many bytes; or the next byte is this one. */
function cut(response: Response, after: number, replacement: number | null): Response {
  const { body } = response
  if (body === null) return response
  const reader = body.getReader()
  let left = after
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      if (value.length > left && left >= 0) {
        if (replacement === null) {
          if (left > 0) controller.enqueue(value.slice(0, left))
          await reader.cancel()
          return controller.error(new TypeError('connection reset'))
        }
        const changed = value.slice()
        changed[left] = replacement
        left = -1
        return controller.enqueue(changed)
      }
      left -= value.length
      controller.enqueue(value)
    },
    cancel: async (reason) => reader.cancel(reason),
  })
  return new Response(stream, { status: response.status, headers: response.headers })
}

/** Each part of the body is a port of the process that reads it. */
function watchBody(response: Response, process: Process): Response {
  const { body } = response
  if (body === null) return response
  const reader = body.getReader()
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await process.port()
        const { done, value } = await reader.read()
        if (done) return controller.close()
        controller.enqueue(value)
      },
      cancel: async (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return new Response(stream, { status: response.status, headers: response.headers })
}
