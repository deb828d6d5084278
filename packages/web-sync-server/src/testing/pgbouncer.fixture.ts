import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { findFreePort } from './node/postgres-server.ts'
import { findUser } from './node/postgres-tools.ts'

/** Puts pgbouncer in transaction mode before a server, with fewer connections than its users have; returns its port. */
export async function startPgbouncer(databasePort: number, connections: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-server-pgbouncer-'))
  const user = await findUser()
  if (user !== null) chownSync(folder, user.uid, user.gid)
  const port = await findFreePort()
  const file = join(folder, 'pgbouncer.ini')
  const lines = [
    ['[databases]', `* = host=127.0.0.1 port=${databasePort}`, '[pgbouncer]', 'listen_addr = 127.0.0.1'],
    [`listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = any', 'pool_mode = transaction'],
    [`default_pool_size = ${connections}`, ''],
  ]
  // With auth_type any everybody is let in as the user of the connection string.
  writeFileSync(file, lines.flat().join('\n').replace('* = host', '* = user=web_sync_app host'), { mode: 0o644 })
  const child = spawn('/usr/sbin/pgbouncer', [file], { cwd: '/', ...user, stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGINT')
    await gone
    rmSync(folder, { recursive: true, force: true })
  })
  const said: string[] = []
  const up = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      if (line.includes('process up')) resolve()
    })
  })
  const failed = gone.then(() => {
    throw new Error(`pgbouncer did not start:\n${said.join('\n')}`)
  })
  await Promise.race([up, failed])
  failed.catch(() => undefined)
  return port
}
