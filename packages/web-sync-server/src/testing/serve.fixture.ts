import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const PROTOCOL = pathToFileURL(fileURLToPath(new URL('../../../web-sync-protocol/src/index.ts', import.meta.url))).href

/** A partner file: the authorization header is the account; asks for the space 'slow' wait until there is a file named `go`. */
const PARTNER = `import { existsSync } from 'node:fs'
import { collection, defineSchema } from '${PROTOCOL}'
export const schema = defineSchema({ app: 'test', version: 1, collections: { notes: collection(null) } })
export const authenticate = (request) => {
  const account = request.headers.get('authorization')
  return account === null ? null : { account }
}
export const authorize = async ({ space }) => {
  while (space === 'slow' && !existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 5))
  return 'write'
}
export const allow = ({ op }) => {
  if (op.id.startsWith('bug')) throw new Error('cannot read\\n    at ' + op.id + JSON.stringify(op.value))
  return op.id.startsWith('no') ? { message: op.id + ' is not allowed' } : true
}
`

/** A process that serves. */
export interface Served {
  readonly url: string
  /** Null: it was not asked for metrics. */
  readonly metricsUrl: string | null
  /** All lines that it has logged so far. */
  readonly lines: readonly string[]
  signal(): void
  /** Its code, once it has ended. */
  readonly ended: Promise<number | null>
}

/** A folder with a partner file. */
export function partnerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-server-serve-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'partner.ts'), PARTNER)
  return folder
}

/** Starts `web-sync-server serve` with JSON logs, and waits until it listens. */
export async function startServing(folder: string, ...args: readonly string[]): Promise<Served> {
  const all = ['--conditions=source', MAIN, 'serve', '--partner', 'partner.ts', '--log', 'json', ...args]
  const child = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines: string[] = []
  const listening = new Promise<{ port: number; metricsUrl: string | null }>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const facts = JSON.parse(line) as { event: string; port: number; metricsUrl: string | null }
      if (facts.event === 'listening') resolve(facts)
    })
  })
  const failed = ended.then((code) => {
    throw new Error(`serve ended with ${code}: ${lines.join('\n')}`)
  })
  const { port, metricsUrl } = await Promise.race([listening, failed])
  failed.catch(() => undefined)
  return { url: `http://127.0.0.1:${port}`, metricsUrl, lines, signal: () => void child.kill('SIGTERM'), ended }
}
