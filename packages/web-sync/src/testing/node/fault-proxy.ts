import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What the network does. `refuse`: connections are reset. `blackhole`: they are accepted and nothing is forwarded. `drop-up` and
 * `drop-down`: one direction is lost.
 */
export type ProxyMode = 'up' | 'refuse' | 'blackhole' | 'drop-up' | 'drop-down'

/** Which response is to be lost, and how much of it gets through. */
export interface ResponseDrop {
  /** Judges the whole request, head and body: it has been forwarded completely when the response begins. Default: the next one. */
  readonly matches?: (request: string) => boolean
  /**
   * What still gets through before the connection breaks: nothing (then it is reset; a browser repeats such a request by itself if the
   * connection was used before), the head of the response, or so many bytes of it. Default: nothing.
   */
  readonly passes?: 'nothing' | 'head' | number
}

/** A drop that is armed. */
interface ArmedDrop {
  readonly matches: (request: string) => boolean
  readonly passes: 'nothing' | 'head' | number
  readonly done: (request: string) => void
}

/** A client's connection and the one to the target behind it. */
interface Pair {
  readonly client: Socket
  readonly target: Socket
}

/**
 * A TCP proxy that breaks connections on purpose: app and API both go through it, so the browser sees one origin with a bad network.
 *
 * @example
 * const proxy = await openFaultProxy(serverPort)
 * const lost = proxy.dropResponse({ matches: (request) => request.startsWith('POST /sync') })
 * await lost // the server has answered, and nobody has heard it
 */
export class FaultProxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #drops: ArmedDrop[] = []
  #targetPort: number
  #mode: ProxyMode = 'up'
  #delayMs = 0

  constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
  }

  /** Begins to listen on a free port of the loopback interface. */
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** The port that clients connect to; stays the same whatever happens behind it. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Origin of the page: `localhost` counts as secure, so that service workers and locks are there. */
  get origin(): string {
    return `http://localhost:${this.port}`
  }

  /** Where new connections go from now on: a restarted server may have another port. */
  setTarget(port: number): void {
    this.#targetPort = port
  }

  /** Changes the weather, for connections that are open too; `refuse` resets them at once. */
  setMode(mode: ProxyMode): void {
    this.#mode = mode
    if (mode === 'refuse') this.cut()
  }

  /** Holds back each chunk in both directions for so long. */
  setDelay(ms: number): void {
    this.#delayMs = ms
  }

  /** Resets all connections that are open now. */
  cut(): void {
    for (const pair of this.#pairs) this.#reset(pair)
  }

  /**
   * Loses one response: the request is forwarded whole, and when the server begins to answer (so it has committed), the client's
   * connection breaks. Resolves with the request when that has happened.
   */
  dropResponse(drop: ResponseDrop = {}): Promise<string> {
    return new Promise((resolve) => {
      const { matches = () => true, passes = 'nothing' } = drop
      this.#drops.push({ matches, passes, done: resolve })
    })
  }

  /** Stops listening and resets what is open. */
  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    if (this.#mode === 'refuse') {
      client.on('error', ignore)
      client.resetAndDestroy()
      return
    }
    const target = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair: Pair = { client, target }
    this.#pairs.add(pair)
    const exchange = new HttpTap()
    client.on('data', (chunk) => this.#up(pair, exchange, chunk))
    target.on('data', (chunk) => this.#down(pair, exchange, chunk))
    client.on('end', () => target.end())
    target.on('end', () => client.end())
    for (const socket of [client, target]) {
      socket.on('error', () => this.#reset(pair))
      socket.on('close', () => this.#pairs.delete(pair))
    }
  }

  #up(pair: Pair, exchange: HttpTap, chunk: Buffer): void {
    exchange.sent(chunk)
    if (this.#mode === 'blackhole' || this.#mode === 'drop-up') return
    this.#forward(pair.target, chunk)
  }

  #down(pair: Pair, exchange: HttpTap, chunk: Buffer): void {
    const request = exchange.received()
    if (request !== null) {
      const drop = this.#drops.find((candidate) => candidate.matches(request))
      if (drop !== undefined) {
        this.#drops = this.#drops.filter((other) => other !== drop)
        exchange.doom(drop, request)
      }
    }
    if (this.#mode === 'blackhole' || this.#mode === 'drop-down') return
    const { passes, isLost } = exchange.let(chunk)
    if (passes.length > 0) this.#forward(pair.client, passes)
    if (!isLost) return
    if (passes.length === 0) {
      this.#reset(pair)
      return
    }
    // Closed, not reset: a reset would take away what the client has not read yet.
    pair.target.destroy()
    pair.client.end()
  }

  #forward(socket: Socket, chunk: Buffer): void {
    if (this.#delayMs === 0) {
      if (!socket.destroyed) socket.write(chunk)
      return
    }
    setTimeout(() => {
      if (!socket.destroyed) socket.write(chunk)
    }, this.#delayMs)
  }

  #reset(pair: Pair): void {
    this.#pairs.delete(pair)
    for (const socket of [pair.client, pair.target]) {
      // A socket that is still connecting cannot be reset.
      if (socket.connecting) socket.destroy()
      else socket.resetAndDestroy()
    }
  }
}

/** Opens a proxy in front of a port of the loopback interface. */
export async function openFaultProxy(targetPort: number): Promise<FaultProxy> {
  const proxy = new FaultProxy(targetPort)
  await proxy.open()
  return proxy
}

/** Watches one connection: which request is being answered. Requests on a connection come one after the other (HTTP/1.1, no pipelining). */
class HttpTap {
  #request: Buffer[] = []
  #isAnswering = false
  #doom: { readonly drop: ArmedDrop; readonly request: string; passed: number } | null = null

  /** A chunk of a request. */
  sent(chunk: Buffer): void {
    if (this.#isAnswering) {
      this.#isAnswering = false
      this.#request = []
    }
    this.#request.push(chunk)
  }

  /** A chunk of a response: the whole request if it is the response's first, else null. */
  received(): string | null {
    if (this.#isAnswering) return null
    this.#isAnswering = true
    return Buffer.concat(this.#request).toString('utf8')
  }

  /** The response that has just begun is to be lost. */
  doom(drop: ArmedDrop, request: string): void {
    this.#doom = { drop, request, passed: 0 }
  }

  /** What of a response's chunk gets through, and whether the connection ends here. */
  let(chunk: Buffer): { readonly passes: Buffer; readonly isLost: boolean } {
    const doom = this.#doom
    if (doom === null) return { passes: chunk, isLost: false }
    const left = bytesThatPass(doom.drop.passes, chunk) - doom.passed
    const passes = chunk.subarray(0, Math.max(0, left))
    doom.passed += passes.length
    if (passes.length < left) return { passes, isLost: false }
    this.#doom = null
    doom.drop.done(doom.request)
    return { passes, isLost: true }
  }
}

/** Heads are small: one comes whole in the first chunk. */
function bytesThatPass(passes: ArmedDrop['passes'], chunk: Buffer): number {
  if (passes === 'nothing') return 0
  return passes === 'head' ? chunk.indexOf('\r\n\r\n') + 4 : passes
}

function ignore(): void {
  // A client that is reset while it connects has nothing to say.
}
