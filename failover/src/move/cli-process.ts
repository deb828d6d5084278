import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pinnedNode } from '../../../scripts/workspace.mjs'

const PROGRAM = fileURLToPath(new URL('../../../packages/web-sync-server/src/cli/main.ts', import.meta.url))

/** `web-sync-server` in a process of its own, from the sources. */
export class CliProcess {
  readonly #child: ChildProcess
  #said = ''

  /** `args`: the command line behind `web-sync-server`. */
  constructor(args: readonly string[]) {
    this.#child = spawn(
      pinnedNode,
      ['--conditions=source', '--disable-warning=ExperimentalWarning', PROGRAM, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    }
  }

  /** Everything that it has printed. */
  get said(): string {
    return this.#said
  }

  /** Resolves when it has printed this. Rejects if it ends before. */
  async untilSaid(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}: ${this.#said}`)
      await Promise.race([once(this.#child.stdout as never, 'data'), once(this.#child, 'close')])
    }
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close')
    return this.#child.exitCode
  }

  /** Asks it to end, in order. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended()
  }
}
