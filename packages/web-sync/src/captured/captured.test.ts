import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import {
  type Ask,
  parseAsk,
  parsePage,
  parseProblem,
  parseReplyHead,
  parseWith,
  PROBLEM_CONTENT_TYPE,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  REPLY_CONTENT_TYPE,
} from 'web-sync-protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import { LAYOUT_VERSION as SQLITE_VERSION } from '../../../web-sync-server/src/storage/sqlite/layout.ts'
import { restoreBackup, sqliteStorage } from '../../../web-sync-server/src/storage/sqlite/index.ts'
import { createWorld, until, type World } from '../page/tabs.fixture.ts'
import { LAYOUT_VERSION as DEVICE_VERSION } from '../store/idb/idb-database.ts'
import { HandClock } from '../testing/hand-clock.ts'
import { createFetchTransport } from '../transport/index.ts'
import { type DatabaseDump, dumpDevice, loadDevice } from './device-dump.fixture.ts'
import { ACCOUNT, type CapturedMessage, SHOWN, SPACE } from './life.fixture.ts'

/**
 * What earlier code has written, as text. What has the numbers of today is read; everything else is recognised and refused with a code, and
 * nothing of it is changed. Whoever raises a number records the new one with `pnpm capture` and keeps the files that are there.
 */
const FOLDER = fileURLToPath(new URL('../../captured/', import.meta.url))

/** The captures of a kind, by version. */
function listCaptures(kind: string): { readonly version: number; readonly text: string }[] {
  const captures = readdirSync(FOLDER).flatMap((name) => {
    const version = new RegExp(`^${kind}-(\\d+)\\.`).exec(name)?.[1]
    return version === undefined ? [] : [{ version: Number(version), text: readFileSync(join(FOLDER, name), 'utf8') }]
  })
  return captures.toSorted((a, b) => a.version - b.version)
}

const sqlite = listCaptures('sqlite')
const devices = listCaptures('device')
const messages = listCaptures('messages')

it.each([
  ['a SQLite file', sqlite, SQLITE_VERSION],
  ['a device', devices, DEVICE_VERSION],
  ['messages', messages, PROTOCOL_VERSION],
])('%s of today is captured: if not, run pnpm capture', (_kind, captures, today) => {
  expect(captures.map(({ version }) => version)).toContain(today)
})

/** A file that is made of a dump, in the mode in which the partner keeps its files. */
function makeFile(sql: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'web-sync-captured-')), 'partner.db')
  onTestFinished(() => rmSync(dirname(path), { recursive: true }))
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; ${sql}`)
  database.close()
  return path
}

function todaysSql(): string {
  return sqlite.find(({ version }) => version === SQLITE_VERSION)?.text ?? ''
}

/** A world whose partner has what was captured beside the device. */
function worldOfToday(): World {
  return createWorld(SPACE, { storage: sqliteStorage(makeFile(todaysSql())) })
}

describe('a captured SQLite file', () => {
  it.each(sqlite.filter(({ version }) => version === SQLITE_VERSION))(
    'of version $version is read',
    async ({ text }) => {
      const storage = sqliteStorage(makeFile(text))
      const record = await storage.read(SPACE, (tx) => tx.getRecord('notes', 'c'))
      expect(JSON.parse(record?.value ?? '')).toEqual(SHOWN[1])
      await storage.close()
    },
  )

  it.each(sqlite.filter(({ version }) => version !== SQLITE_VERSION))(
    'of version $version is restored over nothing: the message names the file that was given',
    async ({ version, text }) => {
      const [path, target] = [makeFile(text), makeFile(todaysSql())]
      const before = readFileSync(target)
      const code = version < SQLITE_VERSION ? 'older-layout' : 'newer-schema'
      const message = expect.stringContaining(`${path} `) as string
      await expect(restoreBackup(path, target)).rejects.toMatchObject({ code, message })
      expect(readFileSync(target)).toEqual(before)
      expect(readdirSync(dirname(target))).toEqual(['partner.db'])
    },
  )

  it.each(sqlite.filter(({ version }) => version !== SQLITE_VERSION))(
    'of version $version is refused, and not one byte is written',
    ({ version, text }) => {
      const path = makeFile(text)
      const before = readFileSync(path)
      const code = version < SQLITE_VERSION ? 'older-layout' : 'newer-schema'
      expect(() => sqliteStorage(path)).toThrow(expect.objectContaining({ code }) as Error)
      expect(readFileSync(path)).toEqual(before)
      expect(readdirSync(dirname(path))).toEqual(['partner.db'])
    },
  )
})

describe('a captured device', () => {
  it.each(devices.filter(({ version }) => version === DEVICE_VERSION))(
    'of version $version is read, and syncs with the partner that was captured beside it',
    async ({ text }) => {
      const world = worldOfToday()
      world.isOnline = false
      await loadDevice(JSON.parse(text) as DatabaseDump[])
      const space = await world.open(ACCOUNT)
      expect(await space.collections.notes.query().all()).toEqual(SHOWN)
      await until(space.status, ({ pending, refused }) => pending === 2 && refused === 1)
      world.isOnline = true
      space.retry()
      await until(space.status, ({ pending, state }) => pending === 0 && state === 'idle')
      expect(await space.collections.notes.query().all()).toEqual(SHOWN)
      const held = await Promise.all(SHOWN.map(({ id }) => world.partner.read(SPACE, 'notes', id)))
      expect(held.map((one) => one?.value)).toEqual(SHOWN)
      await world.close()
    },
  )

  it.each(devices.filter(({ version }) => version !== DEVICE_VERSION))(
    'of version $version is refused, and nothing of it is changed',
    async ({ version, text }) => {
      const world = createWorld(SPACE, { storage: memoryStorage() })
      await loadDevice(JSON.parse(text) as DatabaseDump[])
      const code = version < DEVICE_VERSION ? 'older-layout' : 'newer-schema'
      await expect(world.open(ACCOUNT)).rejects.toMatchObject({ code })
      expect(await dumpDevice()).toEqual(JSON.parse(text))
      expect(world.hosts).toEqual([])
      await world.close()
    },
  )
})

/** The captured messages of today in another version's name, so that refusing is tried before there is another version. */
const foreign = messages
  .filter(({ version }) => version === PROTOCOL_VERSION)
  .map(({ text }) => ({
    version: PROTOCOL_VERSION + 1,
    text: text
      .replaceAll(`\\"protocol\\":${PROTOCOL_VERSION}`, `\\"protocol\\":${PROTOCOL_VERSION + 1}`)
      .replaceAll(`"${PROTOCOL_HEADER}": "${PROTOCOL_VERSION}"`, `"${PROTOCOL_HEADER}": "${PROTOCOL_VERSION + 1}"`),
  }))

describe('captured messages', () => {
  it.each(messages.filter(({ version }) => version === PROTOCOL_VERSION))(
    'of version $version are read: asks, replies and problems',
    ({ text }) => {
      const read = (JSON.parse(text) as CapturedMessage[]).map(({ ask, status, answer }) => {
        const [head, ...pages] = answer
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown)
        const parsed =
          status === 200
            ? [parseWith(parseReplyHead, head), ...pages.map((page) => parseWith(parsePage, page))]
            : [parseWith(parseProblem, head)]
        return [parseWith(parseAsk, JSON.parse(ask) as unknown), ...parsed].every(({ ok }) => ok) ? status : 'unread'
      })
      expect(new Set(read)).toEqual(new Set([200, 409]))
    },
  )

  it.each([...messages.filter(({ version }) => version !== PROTOCOL_VERSION), ...foreign])(
    'of version $version: the partner refuses each ask with `version`, and stores nothing',
    async ({ text }) => {
      const world = createWorld(SPACE, { storage: memoryStorage() })
      for (const { headers, ask } of JSON.parse(text) as CapturedMessage[]) {
        const request = new Request('http://app.test/sync', { method: 'POST', headers, body: ask })
        const response = await world.partner.fetch(request)
        expect([response.status, await response.json()]).toEqual([426, expect.objectContaining({ code: 'version' })])
      }
      expect((await world.partner.inspect(SPACE)).head).toBe(0)
      await world.close()
    },
  )

  it.each([...messages.filter(({ version }) => version !== PROTOCOL_VERSION), ...foreign])(
    'of version $version: the device takes no answer for its partner’s',
    async ({ version, text }) => {
      for (const { ask, status, answer } of JSON.parse(text) as CapturedMessage[]) {
        const type = status === 200 ? REPLY_CONTENT_TYPE : PROBLEM_CONTENT_TYPE
        const headers = { 'content-type': type, [PROTOCOL_HEADER]: String(version) }
        const fetch = async (): Promise<Response> => new Response(answer, { status, headers })
        const transport = createFetchTransport({ endpoint: 'http://app.test/sync', fetch, clock: new HandClock() })
        expect(await transport.send(JSON.parse(ask) as Ask, {})).toEqual({ type: 'failed', reason: 'not-our-partner' })
      }
    },
  )
})
