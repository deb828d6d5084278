import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findFreePort } from './node/postgres-server.ts'

const EXAMPLE = new URL('../../../../examples/nginx/web-sync.conf', import.meta.url)

/** Starts nginx with the example's configuration before two processes; returns its address. */
export async function startNginx(firstPort: number, secondPort: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-server-nginx-'))
  const port = await findFreePort()
  mkdirSync(join(folder, 'app'))
  const site = replaceAll(readFileSync(EXAMPLE, 'utf8'), {
    '127.0.0.1:8787': `127.0.0.1:${firstPort}`,
    '127.0.0.1:8788': `127.0.0.1:${secondPort}`,
    'listen 8080;': `listen 127.0.0.1:${port};`,
    '/var/www/app': join(folder, 'app'),
  })
  writeFileSync(join(folder, 'site.conf'), site)
  writeFileSync(join(folder, 'nginx.conf'), mainConfig(folder))
  const child = spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const gone = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await gone
    rmSync(folder, { recursive: true, force: true })
  })
  await Promise.race([
    untilConnected(port),
    gone.then(() => {
      throw new Error('nginx did not start')
    }),
  ])
  return `http://127.0.0.1:${port}`
}

/** Throws if one of them is not there: the example was changed. */
function replaceAll(text: string, replacements: Readonly<Record<string, string>>): string {
  let result = text
  for (const [from, to] of Object.entries(replacements)) {
    if (!result.includes(from)) throw new Error(`the example has no '${from}'`)
    result = result.replaceAll(from, to)
  }
  return result
}

function mainConfig(folder: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  )
  return [
    `daemon off;`,
    `pid ${folder}/nginx.pid;`,
    `error_log ${folder}/error.log;`,
    // As root its workers would be somebody who may not enter the folder.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'events {}',
    `http {`,
    `  access_log off;`,
    ...paths,
    `  include ${folder}/site.conf;`,
    '}',
    '',
  ].join('\n')
}

async function untilConnected(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
  }
}
