/**
 * Walks the path of docs/embedding.md as a stranger would: copies examples/embed out of the workspace, installs the packed tarballs with
 * npm, checks types, builds, starts the partner by its command line, and uses the app in Chromium: a note written while there is no
 * partner survives a reload, is accepted when the partner starts, and shows up in a second browser. Built, and with `vite dev`.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { ensureChromium } from './browsers.mjs'
import { pack, packed } from './pack.mjs'
import { setup } from './setup.mjs'
import { pinnedNode, root } from './workspace.mjs'

const STEP_TIMEOUT_MS = 90_000

/** Walks the whole path; resolves with 0 when the stranger arrives. `usesTarballs`: those that are there, packed before. */
export async function embed({ usesTarballs = false } = {}) {
  if (!usesTarballs && (await pack()) !== 0) return 1
  const executablePath = await ensureChromium()
  const app = join(realpathSync(mkdtempSync(join(tmpdir(), 'embed-'))), 'app')
  const startedAt = performance.now()
  try {
    const port = await makeApp(app)
    await step('npm install', () => finish(app, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline']))
    await step('types, no skipLibCheck', () => finish(app, 'npm', ['run', 'check']))
    const asNode = ['tsc', '-p', 'tsconfig.page.json', '--module', 'nodenext', '--moduleResolution', 'nodenext']
    await step('types of the page as nodenext finds them', () => finish(app, 'npx', asNode))
    await step('vite build', () => finish(app, 'npx', ['vite', 'build']))
    await useApp({ app, executablePath, partnerPort: port, command: 'preview' })
    await useApp({ app, executablePath, partnerPort: port, command: 'dev' })
    console.log(`the whole path: ${seconds(startedAt)}`)
    return 0
  } finally {
    rmSync(dirname(app), { recursive: true, force: true })
  }
}

/** Copies the example; its dependencies become the tarballs, its partner's port one that is free. */
async function makeApp(app) {
  cpSync(join(root, 'examples', 'embed'), app, {
    recursive: true,
    filter: (source) => !/node_modules|dist$|\.db/.test(source.slice(root.length)),
  })
  const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'))
  for (const tarball of readdirSync(packed)) {
    manifest.dependencies[tarball.replace(/-\d.*$/, '')] = `file:${join(packed, tarball)}`
  }
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest, null, 2))
  const port = await freePort()
  const config = readFileSync(join(app, 'vite.config.ts'), 'utf8')
  writeFileSync(join(app, 'vite.config.ts'), config.replace(':8787', `:${port}`))
  return port
}

/** Serves the app, built or in development, and uses it as a person would. */
async function useApp({ app, executablePath, partnerPort, command }) {
  const port = await freePort()
  const url = `http://localhost:${port}/`
  const serve = () => start(app, 'npx', ['vite', command, '--port', String(port), '--strictPort'], 'Local:')
  const data = `${command}.db`
  const partner = [
    '--no-install',
    'web-sync-server',
    'serve',
    '--partner',
    'partner.ts',
    '--data',
    data,
    '--port',
    String(partnerPort),
  ]
  const profiles = []
  const openProfile = async (name) => {
    const profile = await openBrowser(executablePath, join(dirname(app), `${command}-${name}`))
    profiles.push(profile)
    return profile
  }
  const running = []
  try {
    running.push(await step(`vite ${command}`, serve))
    const first = await openProfile('first')
    await step(`${command}: a note written without a partner survives a reload`, async () => {
      await first.page.goto(url)
      await waitForText(first.page, 'output', '0 to send')
      await write(first.page, 'Written offline')
      await waitForText(first.page, 'li', 'Written offline')
      await waitForText(first.page, 'output', '1 to send')
      await first.page.evaluate(() => navigator.serviceWorker.ready)
      await first.page.reload()
      await waitForText(first.page, 'li', 'Written offline')
      await waitForText(first.page, 'output', '1 to send')
    })
    if (command === 'preview') {
      await step('preview: the app opens offline by its service worker', async () => {
        await stop(running.pop())
        await first.page.reload()
        await waitForText(first.page, 'li', 'Written offline')
        running.push(await serve())
      })
    }
    await step(`${command}: npx --no-install web-sync-server serve`, async () => {
      running.push(await start(app, 'npx', partner, 'The partner answers at'))
    })
    await step(`${command}: the partner accepts the note`, () => waitForText(first.page, 'output', 'idle, 0 to send'))
    const second = await openProfile('second')
    await step(`${command}: a second browser shows the note`, async () => {
      await second.page.goto(url)
      await waitForText(second.page, 'li', 'Written offline')
    })
    await step(`${command}: and its own note arrives in the first by itself`, async () => {
      await write(second.page, 'From the second')
      await waitForText(first.page, 'li >> nth=1', 'From the second')
    })
    const errors = profiles.flatMap((profile) => profile.errors)
    if (errors.length > 0) throw new Error(`the page reported errors: ${errors.join('; ')}`)
  } finally {
    for (const { context } of profiles) await context.close()
    for (const process of running) await stop(process)
  }
}

// --- the browser

async function openBrowser(executablePath, directory) {
  const { chromium } = createRequire(join(root, 'package.json'))('playwright')
  const context = await chromium.launchPersistentContext(directory, {
    executablePath,
    args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  return { context, page, errors }
}

async function write(page, text) {
  await page.getByLabel('New note').fill(text)
  await page.getByRole('button', { name: 'Save' }).click()
}

async function waitForText(page, selector, text) {
  const found = page.locator(selector).filter({ hasText: text })
  try {
    await found.waitFor({ timeout: STEP_TIMEOUT_MS })
  } catch (cause) {
    const body = await page.locator('body').textContent()
    throw new Error(`'${selector}' never showed '${text}'; the page shows: ${body}`, { cause })
  }
}

// --- processes

/** Node 24 first, as web-sync-server needs it; nothing else of the workspace may be found. */
function strangersEnv() {
  const { npm_config_user_agent: _agent, NODE_OPTIONS: _options, ...env } = process.env
  return {
    ...env,
    PATH: `${dirname(pinnedNode)}${delimiter}${process.env.PATH ?? ''}`,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
  }
}

function spawnIn(folder, command, args) {
  // A group of its own, so that npx ends with what it started.
  return spawn(command, args, { cwd: folder, env: strangersEnv(), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
}

/** Runs a command to its end; throws with its output if it fails. */
async function finish(folder, command, args) {
  const child = spawnIn(folder, command, args)
  const output = collectOutput(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.text}`)
}

/** Starts a command and waits until it has said `ready`. */
async function start(folder, command, args, ready) {
  const child = spawnIn(folder, command, args)
  const output = collectOutput(child)
  await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${command} ${args.join(' ')} ${why}:\n${output.text}`))
    const timer = setTimeout(() => fail('is not ready in time'), STEP_TIMEOUT_MS)
    const end = (settle) => {
      clearTimeout(timer)
      settle()
    }
    output.onText = () => output.text.includes(ready) && end(resolve)
    child.once('close', (code) => end(() => fail(`ended with ${code}`)))
  }).catch(async (error) => {
    await stop(child)
    throw error
  })
  return child
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  process.kill(-child.pid, 'SIGTERM')
  await closed
}

function collectOutput(child) {
  const output = { text: '', onText: () => undefined }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output.text += text
      output.onText()
    })
  }
  return output
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

// --- telling

async function step(name, work) {
  const startedAt = performance.now()
  const result = await work()
  console.log(`  ${seconds(startedAt).padStart(7)}  ${name}`)
  return result
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await setup()
  process.exitCode = await embed({ usesTarballs: process.argv.includes('--packed') })
}
