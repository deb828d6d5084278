import { Client } from 'pg'
import { PartnerError } from '../../contract/index.ts'
import { assertConnectionString } from './connections.ts'
import { behind, toPartnerError } from './to-partner-error.ts'

/** What came of a confirmed backup. */
export interface ConfirmedBackup {
  /** Spaces whose changes, up to where they were when the backup began, count as durable now. */
  readonly spaces: number
}

/** Spaces that one statement marks, so that none of their exchanges waits long. */
const CHUNK = 500

interface Top {
  readonly space: string
  readonly head: number
  readonly version: string
}

/**
 * Takes a backup by whatever means, and counts what it holds as durable when that has worked: devices may then drop it from their
 * journals. `take` must resolve only when the backup is complete and safe elsewhere; what rejects it is thrown on, and nothing is marked.
 * Changes that come while it runs are not counted. A space that was erased or restored meanwhile is left out.
 *
 * `url` is the owner's, as for `migratePostgres`. Throws PartnerError 'invalid-option' for a role that does not see all spaces, 'behind',
 * 'busy' or 'unreadable'.
 */
export async function confirmedBackup(
  { url }: { readonly url: string },
  take: () => Promise<void>,
): Promise<ConfirmedBackup> {
  assertConnectionString(url)
  const tops = await withClient(url, readTops)
  await take()
  return withClient(url, async (client) => {
    let spaces = 0
    for (let start = 0; start < tops.length; start += CHUNK)
      spaces += await mark(client, tops.slice(start, start + CHUNK))
    return { spaces }
  })
}

/** The newest change of each space that has one beyond what counts as durable. One whose log is pruned has been idle for long. */
async function readTops(client: Client): Promise<readonly Top[]> {
  const { rows } = await client.query<{ space: string; head: string; version: string }>(
    `SELECT space, head, version FROM web_sync.spaces JOIN web_sync.log USING (space)
     WHERE number = head AND durable_head < head ORDER BY space`,
  )
  return rows.map(({ space, head, version }) => ({ space, head: Number(head), version }))
}

/** By its version each is shown to be the change that was there before, and not one of another history with the same number. */
async function mark(client: Client, tops: readonly Top[]): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE web_sync.spaces SET durable_head = greatest(durable_head, top.head)
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS top (space, head, version)
     WHERE spaces.space = top.space AND EXISTS (SELECT 1 FROM web_sync.log
       WHERE log.space = top.space AND log.number = top.head AND log.version = top.version)`,
    [tops.map(({ space }) => space), tops.map(({ head }) => head), tops.map(({ version }) => version)],
  )
  return rowCount ?? 0
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'web-sync-server backup' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ is_behind: boolean; is_walled: boolean }>(
      `SELECT pg_is_in_recovery() AS is_behind, row_security_active('web_sync.spaces') AS is_walled`,
    )
    if (rows[0]?.is_behind !== false) throw behind()
    if (rows[0].is_walled) {
      throw new PartnerError(
        'invalid-option',
        'only the owner of the tables sees all spaces: connect as the role that migrates',
      )
    }
    return await work(client)
  } catch (error) {
    throw toPartnerError(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}
