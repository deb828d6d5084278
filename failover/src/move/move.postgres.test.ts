import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { schema } from '../../../e2e/app/schema.ts'
import type { NodeOwner } from '../devices/node-device.ts'
import { NodeDevice } from '../devices/node-device.ts'
import { isThere, Ledger, readContent } from '../ledger.ts'
import { ACCOUNT_HEADER } from '../partner-server.ts'
import { Cluster } from '../postgres/cluster.ts'
import { openPostgresStorage, partnerUrl, prepareDatabase } from '../postgres/open-postgres-storage.ts'
import { giveAway } from '../postgres/run-program.ts'
import { wait } from '../wait.ts'
import { CliProcess } from './cli-process.ts'

const SPACE = 'home'
/** Between two writes of a person. */
const PACE_MS = 20
/** Writes that are made, and accepted, in each part of the story. */
const SOME = 12

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A folder with a partner file, and an empty database. */
async function prepare() {
  const folder = await mkdtemp(join(tmpdir(), 'web-sync-move-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await giveAway(folder)
  const cluster = await Cluster.create(join(folder, 'cluster'))
  onTestFinished(() => cluster.remove())
  await cluster.start()
  await prepareDatabase(cluster)
  const partner = join(folder, 'partner.ts')
  await writeFile(
    partner,
    `export { schema } from '${new URL('../../../e2e/app/schema.ts', import.meta.url).href}'
     export const authenticate = (request) => ({ account: request.headers.get('${ACCOUNT_HEADER}') })
     export const authorize = () => 'write'`,
  )
  return { cluster, partner, data: join(folder, 'data.db'), port: await freePort() }
}

async function openDevices(port: number): Promise<readonly NodeDevice[]> {
  const origin = `http://127.0.0.1:${port}`
  const owner = (account: string, index: number): NodeOwner => ({
    name: `${account}-${index}`,
    account,
    space: SPACE,
    origin,
  })
  const devices = await Promise.all(
    ['ada', 'ada', 'ben', 'eve'].map((account, index) => NodeDevice.open(owner(account, index))),
  )
  onTestFinished(async () => {
    for (const device of devices) await device.close()
  })
  return devices
}

test('a server moves from SQLite to PostgreSQL while devices write: nothing is lost, nothing doubled, every key goes on', async () => {
  const { cluster, partner, data, port } = await prepare()
  const serve = async (...storage: readonly string[]): Promise<CliProcess> => {
    const server = new CliProcess(['serve', '--partner', partner, ...storage, '--port', String(port)])
    onTestFinished(() => server.stop().then(() => undefined))
    await server.untilSaid('The partner answers')
    return server
  }
  const old = await serve('--data', data)
  const devices = await openDevices(port)
  const ledger = new Ledger()
  ledger.add(await (devices[0] as NodeDevice).insert('shared'))
  for (const device of [...devices, ...devices]) await device.sync()

  const life = { isOn: true }
  const lives = devices.map(async (device) => {
    for (let notes = 0; life.isOn; notes += 1) {
      ledger.add(notes % 3 === 0 ? await device.mark('shared') : await device.insert(`${device.name}-${notes}`))
      await device.sync()
      await wait(Math.random() * PACE_MS * 2)
    }
  })
  const accepted = async (): Promise<number> => (await ledger.accepted(devices)).length
  const untilAccepted = async (more: number): Promise<void> => {
    const before = await accepted()
    while ((await accepted()) < before + more) await wait(PACE_MS)
  }

  await untilAccepted(SOME)
  const moving = new CliProcess(['move', '--data', data, '--postgres', partnerUrl(cluster.port), '--yes'])
  expect(await moving.ended()).toBe(0)
  expect(moving.said).toContain('Moved and compared 1 spaces')
  // Whatever they write now the old server does not take: it waits on the devices.
  const [before, written] = [await accepted(), ledger.writes.length]
  while (ledger.writes.length < written + SOME) await wait(PACE_MS)
  expect(await accepted()).toBe(before)
  await old.stop()
  await serve('--postgres', partnerUrl(cluster.port))
  await untilAccepted(SOME)
  life.isOn = false
  await Promise.all(lives)

  const isCalm = async (): Promise<boolean> => {
    for (const device of devices) await device.sync()
    const states = await Promise.all(devices.map((device) => device.isUpToDate()))
    const shown = await Promise.all(devices.map(async (device) => (await device.records()).length))
    return states.every(Boolean) && new Set(shown).size === 1
  }
  while (!(await isCalm())) await wait(PACE_MS)
  const storage = await openPostgresStorage(cluster.port)
  onTestFinished(() => storage.close())
  const content = await readContent(storage, SPACE, Object.keys(schema.collections))
  expect(ledger.writes.filter((write) => !isThere(write, content))).toEqual([])
  expect([...content.effects].filter(([, times]) => times !== 1)).toEqual([])
  for (const device of devices) {
    expect(await device.resets()).toEqual({ rollbacks: 0, resyncs: 0 })
    expect(await device.refused()).toEqual([])
    expect((await device.records()).length).toBe(content.all.size)
  }
})
