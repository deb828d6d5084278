import { join } from 'node:path'
import { type ExchangeEvent, type Inspection, type Partner, createPartner, sqliteStorage } from 'web-sync-server'
import { findPerson } from '../src/people.ts'
import { ENDPOINTS, REFUSED_WORD, schema } from '../src/schema.ts'
import { type BackupEntry, type Backups, openBackups, removeDatabase } from './backups.ts'
import type { Sessions } from './sessions.ts'

/** The teams' partner with its backups: it can be set back while everything else goes on. */
export interface Team {
  /** Answers an exchange, after a backup of what was there before it; or opens a nudge stream. */
  readonly fetch: (request: Request) => Promise<Response>
  readonly inspect: (space: string) => Promise<Inspection>
  readonly backups: Pick<Backups, 'list' | 'count'>
  /** Sets the database back to the state before the last `ago` exchanges that changed anything; null: there is no such backup. */
  readonly restore: (ago: number) => Promise<BackupEntry | null>
  /** Begins with an empty database, as if the disk were new. */
  readonly wipe: () => Promise<void>
  /** Says that everything so far is safe elsewhere: devices drop their journals. */
  readonly confirmBackup: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What the teams' partner needs. */
export interface TeamOptions {
  readonly data: string
  readonly sessions: Sessions
  readonly hasBackups: boolean
  /** Accounts that have lost their access, at this moment. */
  readonly isRevoked: (account: string) => boolean
  readonly onExchange: (event: ExchangeEvent) => void
}

/** Opens the teams' partner on `team.db` in the data folder. */
export function openTeam(options: TeamOptions): Team {
  const file = join(options.data, 'team.db')
  let partner = createTeamPartner(file, options)
  const backups = openBackups(options.data, file)
  let underWay = 0
  let whenQuiet: (() => void) | null = null
  /** Settled while the database may be used. */
  let gate: Promise<void> = Promise.resolve()

  /** Closes the database, lets `work` change its files, opens it again; exchanges wait meanwhile. */
  const withClosedDatabase = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const before = gate
    const opened = Promise.withResolvers<void>()
    gate = opened.promise
    await before
    if (underWay > 0) await new Promise<void>((resolve) => (whenQuiet = resolve))
    await partner.close()
    backups.pause()
    try {
      return await work()
    } finally {
      partner = createTeamPartner(file, options)
      backups.resume()
      opened.resolve()
    }
  }

  const exchange = async (request: Request): Promise<Response> => {
    await gate
    underWay += 1
    try {
      if (options.hasBackups) backups.take()
      // The whole reply is read here, so that no page of it is still being made when the database is closed.
      return await readWhole(await partner.fetch(request))
    } finally {
      underWay -= 1
      if (underWay === 0) whenQuiet?.()
    }
  }
  return {
    fetch: async (request) => {
      if (request.method === 'POST') return exchange(request)
      await gate
      return partner.fetch(request)
    },
    inspect: async (space) => {
      await gate
      return partner.inspect(space)
    },
    backups,
    restore: (ago) => withClosedDatabase(() => backups.restore(ago)),
    wipe: async () => {
      backups.take()
      await withClosedDatabase(() => removeDatabase(file))
    },
    confirmBackup: async () => {
      await gate
      backups.take()
      const storage = sqliteStorage(file)
      await storage.markDurable(null)
      await storage.close()
    },
    close: async () => {
      backups.close()
      await partner.close()
    },
  }
}

function createTeamPartner(file: string, options: TeamOptions): Partner {
  return createPartner({
    schema,
    storage: sqliteStorage(file),
    basePath: ENDPOINTS.team,
    authenticate: (request) => {
      const person = options.sessions.find(request)
      return person === null ? null : { account: person.id }
    },
    authorize: ({ account, space }) => {
      if (findPerson(account)?.team !== space) return null
      return options.isRevoked(account) ? 'ended' : 'write'
    },
    allow: ({ account, op }) => {
      if (op.op === 'delete' || op.collection !== 'notes') return true
      if (op.op === 'insert' && op.value['author'] !== account) {
        return { path: '/value/author', message: 'A note must carry the name of the one who wrote it.' }
      }
      const { text } = op.value
      if (typeof text === 'string' && text.toLowerCase().includes(REFUSED_WORD)) {
        return { path: '/value/text', message: `The team’s rules do not allow the word “${REFUSED_WORD}” in a note.` }
      }
      return true
    },
    onEvent: (event) => {
      if (event.type === 'exchange') options.onExchange(event)
      if (event.type === 'error') console.error(`  Error in ${event.where}:`, event.error)
    },
  })
}

async function readWhole(response: Response): Promise<Response> {
  const body = response.body === null ? null : await response.arrayBuffer()
  return new Response(body, { status: response.status, headers: response.headers })
}
