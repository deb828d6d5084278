import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A plug that can be pulled: a TCP port that leads somewhere, or nowhere. */
export class Switch {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #targetPort: number | null = null

  constructor() {
    this.#server = createServer((client) => this.#accept(client))
  }

  /** Begins to listen; leads nowhere yet. */
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Stays the same. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** New connections go there from now on; those that are open are reset. Null: nowhere. */
  lead(toPort: number | null): void {
    this.#targetPort = toPort
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    this.lead(null)
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const port = this.#targetPort
    client.on('error', () => undefined)
    if (port === null) {
      client.resetAndDestroy()
      return
    }
    const target = connect({ port, host: '127.0.0.1' })
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(target)
    target.pipe(client)
  }
}
