import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pinnedNode } from '../../../scripts/workspace.mjs'
import type { LoadOptions } from '../options.ts'
import type { ServerMessage, ServerSettings, Snapshot, SnapshotCommand } from './messages.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))

/** The server under load, as the generator sees it. */
export class ServerProcess {
  readonly #settings: ServerSettings
  readonly #nodeOptions: readonly string[]
  #child: ChildProcess | null = null
  #port = 0
  #nextId = 1
  readonly #waiting = new Map<number, (snapshot: Snapshot) => void>()

  /** `profile`: folder where V8 writes a CPU profile when it ends; null: none. `heapMiB`: limit of the old heap; null: V8's own. */
  constructor(settings: ServerSettings, { profile, heapMiB }: Pick<LoadOptions, 'profile' | 'heapMiB'>) {
    this.#settings = settings
    this.#nodeOptions = [
      ...(profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      ...(heapMiB === null ? [] : [`--max-old-space-size=${heapMiB}`]),
    ]
  }

  /** Where it listens now. */
  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    const child = fork(program, [JSON.stringify(this.#settings)], {
      execPath: pinnedNode,
      execArgv: ['--expose-gc', '--conditions=source', '--disable-warning=ExperimentalWarning', ...this.#nodeOptions],
    })
    this.#child = child
    this.#port = await new Promise<number>((resolve, reject) => {
      child.on('message', (message: ServerMessage) => {
        if (message.type === 'listening') resolve(message.port)
        else this.#hear(message.id, message.snapshot)
      })
      child.once('exit', (code) => reject(new Error(`the server ended with code ${code} while it started`)))
    })
  }

  /** Its figures since the last reset; `isCollected`: it collects its garbage before it looks, and stands still meanwhile. */
  snapshot(isReset: boolean, isCollected = false): Promise<Snapshot> {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child?.send({ type: 'snapshot', id, isReset, isCollected } satisfies SnapshotCommand)
    })
  }

  /** Ends it without a warning, as an outage does. */
  async kill(): Promise<void> {
    await this.#end((child) => child.kill('SIGKILL'))
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end((child) => child.disconnect())
  }

  async #end(end: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    end(child)
    await exited
  }

  #hear(id: number, snapshot: Snapshot): void {
    this.#waiting.get(id)?.(snapshot)
    this.#waiting.delete(id)
  }
}
