import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pinnedNode, root } from '../../scripts/workspace.mjs'

/** The demo's server in a process of its own, as `npm start` starts it. */
export interface DemoProcess {
  readonly port: number
  stop(): Promise<void>
}

/** Starts the demo on a free port; resolves when it has printed its address. `places`: only so many; null: all. */
export async function startDemo(dataFolder: string, places: number | null): Promise<DemoProcess> {
  const child: ChildProcess = spawn(
    pinnedNode,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      'demo-app/server/main.ts',
      '--port',
      '0',
      '--data',
      dataFolder,
      ...(places === null ? [] : ['--places', String(places)]),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const port = await readPort(child)
  return {
    port,
    stop: async () => {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function readPort(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the demo’s output is not piped')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /http:\/\/\S+:(\d+)\//.exec(line) ?? []
    if (port === undefined) continue
    // It may go on talking.
    child.stdout.resume()
    return Number(port)
  }
  throw new Error('the demo ended before it was ready')
}
