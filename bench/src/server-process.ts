import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pinnedNode } from '../../scripts/workspace.mjs'
import type { ServerKind } from '../shared/contestants.ts'
import type { Place } from '../shared/place.ts'

const program = fileURLToPath(new URL('../server/main.ts', import.meta.url))

/** What a server process is started with. */
export interface ServerSetting {
  readonly kind: ServerKind
  /** Folder of its data. */
  readonly data: string
  /** Folder of the built page. */
  readonly site: string
  readonly records: number
}

/** The server of one session. */
export interface ServerProcess {
  readonly url: string
  setGate(isOpen: boolean): Promise<void>
  read(ids: readonly string[]): Promise<(Place | null)[]>
  stop(): Promise<void>
}

/** Fills a folder with the first records, in a process that ends with it. */
export async function seedServer(setting: ServerSetting): Promise<void> {
  const [code] = (await once(launch(setting, ['seed']), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the server of kind ${setting.kind} could not be filled`)
}

/** Starts a server on data that is there. */
export async function startServer(setting: ServerSetting): Promise<ServerProcess> {
  const child = launch(setting, [])
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { readonly port: number }) => resolve(message.port))
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code} while it started`)))
  })
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    setGate: async (isOpen) => {
      await fetch(`${url}/bench/gate?open=${isOpen ? '1' : '0'}`)
    },
    read: async (ids) => {
      const response = await fetch(`${url}/bench/read`, { method: 'POST', body: JSON.stringify(ids) })
      return (await response.json()) as (Place | null)[]
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function launch({ kind, data, site, records }: ServerSetting, more: readonly string[]): ReturnType<typeof fork> {
  return fork(program, [kind, data, site, String(records), ...more], {
    execPath: pinnedNode,
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    // What a runner has set for itself (loaders, inspectors) is none of the server's business.
    env: { PATH: process.env['PATH'] ?? '' },
    // stdout belongs to the result.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
}
