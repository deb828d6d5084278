import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { killWhole } from './kill-whole.ts'
import { asUser, type Tools } from './postgres-tools.ts'

/** A server process that runs. */
export interface Server {
  /** Ends it without tidying up, and waits until it is gone. */
  quit(): Promise<void>
  /** Kills it with all its children at once, as a power cut does, and waits until they are gone. */
  kill(): Promise<void>
}

/** What a server says when it can be asked: a primary, and a standby. */
const READY = /database system is ready to accept (read-only )?connections/

/** Starts a server in the foreground, as a child of this process, and resolves when it can be asked. */
export async function startServer(
  tools: Tools,
  dataPath: string,
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(tools.binPath, 'postgres'), ['-D', dataPath, ...options], {
    ...asUser(tools),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = once(child, 'exit')
  // A test run that breaks off leaves no server behind.
  const endWithUs = (): void => void child.kill('SIGQUIT')
  process.once('exit', endWithUs)
  void gone.then(() => process.off('exit', endWithUs))
  await untilReady(child, gone)
  return {
    quit: async () => {
      child.kill('SIGQUIT')
      await gone
    },
    kill: () => killWhole(child, gone),
  }
}

async function untilReady(
  child: ChildProcess & { stderr: NodeJS.ReadableStream },
  gone: Promise<unknown>,
): Promise<void> {
  const said: string[] = []
  const lines = createInterface({ input: child.stderr })
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      // Read to the end, so that the pipe never fills; remembered until it is ready only.
      if (said.length < 100) said.push(line)
      if (READY.test(line)) resolve()
    })
  })
  const failed = gone.then(() => {
    throw new Error(`the server did not start:\n${said.join('\n')}`)
  })
  await Promise.race([ready, failed])
  // From now on its end is what a test asks for.
  failed.catch(() => undefined)
}

/** A port that nobody listens on at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
