import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExchangeEvent, PartnerEvent } from 'web-sync-server'
import { pinnedNode } from '../../scripts/workspace.mjs'
import type { CommandMessage, ServerCommands, ServerMessage } from '../server/ipc.ts'
import { siteFolder } from './build-app.ts'
import { type ServerData, serverData } from './server-data.ts'

const program = fileURLToPath(new URL('../server/main.ts', import.meta.url))

/** Which schema of the app the partner has. */
export type DeployedSchema = 'first' | 'grown'

/**
 * The real server in a process of its own. What it says (its exchanges) is collected here, so it outlives a kill.
 *
 * @example
 * const server = await startServer(folder)
 * await server.backUp('monday')
 * await server.kill()
 * await server.start()
 */
export class ServerProcess {
  readonly #data: ServerData
  readonly #onListening: (port: number) => void
  #child: ChildProcess | null = null
  #schema: DeployedSchema = 'first'
  #nextId = 1
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  readonly #events: PartnerEvent[] = []
  readonly #violations: string[] = []
  readonly #asked: { readonly as: string | null; readonly body: string }[] = []
  #listeners: (() => void)[] = []

  /** `folder`: where it may keep what it likes; its database is there, unless the run has a cluster (see `server-data.ts`). */
  constructor(folder: string, onListening: (port: number) => void) {
    this.#data = serverData(folder)
    this.#onListening = onListening
  }

  /** Everything that the partner has told so far, over all its lives. */
  get events(): readonly PartnerEvent[] {
    return this.#events
  }

  /** The asks that got so far as to be judged, in order. */
  get exchanges(): readonly ExchangeEvent[] {
    return this.#events.filter((event) => event.type === 'exchange')
  }

  /** What was asked, and by whom the proof was, in order. */
  get asked(): readonly { readonly as: string | null; readonly body: string }[] {
    return this.#asked
  }

  /** Violations of the content security policy that browsers have reported and that were not taken yet. */
  takeViolations(): readonly string[] {
    return this.#violations.splice(0)
  }

  /** Bugs that the partner has met: it answered 500. */
  get faults(): readonly PartnerEvent[] {
    return this.#events.filter((event) => event.type === 'error' || event.type === 'digest-mismatch')
  }

  /** Ends it and starts it again on the same data, with this schema of the app. */
  async deploy(schema: DeployedSchema): Promise<void> {
    this.#schema = schema
    await this.kill()
    await this.start()
  }

  /** Starts it; on the same data if it ran before. */
  async start(): Promise<void> {
    await this.#data.prepare()
    const child = fork(program, [this.#data.place, siteFolder, this.#schema], {
      execPath: pinnedNode,
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      // What the runner of the tests has set for itself (loaders, inspectors) is none of the server's business.
      env: { PATH: process.env['PATH'] ?? '' },
    })
    this.#child = child
    const port = await new Promise<number>((resolve, reject) => {
      child.on('message', (message: ServerMessage) => {
        if (message.type === 'listening') resolve(message.port)
        else this.#hear(message)
      })
      child.once('exit', (code) => reject(new Error(`the server ended with code ${code} while it started`)))
    })
    this.#onListening(port)
  }

  /** Ends it without a warning, as a power loss of the machine's process does: nothing is flushed or closed. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
    for (const { reject } of this.#waiting.values()) reject(new Error('the server was killed'))
    this.#waiting.clear()
  }

  /** Ends it, and what it keeps outside of its folder goes. */
  async remove(): Promise<void> {
    await this.kill()
    await this.#data.remove()
  }

  /** Copies its data aside while it is down, and starts it again. */
  async backUp(name: string): Promise<void> {
    await this.kill()
    await this.#data.backUp(name)
    await this.start()
  }

  /** Puts a backup in the place of its data: what it accepted since is lost. */
  async restore(name: string): Promise<void> {
    await this.kill()
    await this.#data.restore(name)
    await this.start()
  }

  /** Loses all its data. */
  async wipe(): Promise<void> {
    await this.kill()
    await this.#data.wipe()
    await this.start()
  }

  /** Asks the process; see {@link ServerCommands}. */
  call<Name extends keyof ServerCommands>(
    command: Name,
    ...args: Parameters<ServerCommands[Name]>
  ): ReturnType<ServerCommands[Name]> {
    const id = this.#nextId
    this.#nextId += 1
    const child = this.#child
    const answer = new Promise<unknown>((resolve, reject) => {
      if (child === null) {
        reject(new Error(`the server is down: ${command}`))
        return
      }
      this.#waiting.set(id, { resolve, reject })
      child.send({ id, command, args } satisfies CommandMessage)
    })
    return answer as ReturnType<ServerCommands[Name]>
  }

  /** The first exchange from index `from` on that fits, as soon as there is one. The test's own time limit bounds the wait. */
  async waitForExchange(fits: (event: ExchangeEvent) => boolean, from = 0): Promise<ExchangeEvent> {
    for (;;) {
      const found = this.exchanges.slice(from).find(fits)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        this.#listeners.push(resolve)
      })
    }
  }

  #hear(message: Exclude<ServerMessage, { type: 'listening' }>): void {
    if (message.type === 'event') {
      this.#events.push(message.event)
      const listeners = this.#listeners
      this.#listeners = []
      for (const listener of listeners) listener()
      return
    }
    if (message.type === 'asked') {
      this.#asked.push({ as: message.as, body: message.body })
      return
    }
    if (message.type === 'violation') {
      this.#violations.push(message.report)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.type === 'result') waiting?.resolve(message.value)
    else waiting?.reject(new Error(message.message))
  }
}
