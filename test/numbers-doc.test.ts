import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../', import.meta.url)

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

const MINUTE = 60_000
const MIB = 1_048_576

/** A number that a document names: `{}` in the sentence, `name = 123` in the code, how many of the code's units make one of the document's. */
type Row = readonly [document: string, sentence: string, source: string, name: string, unit?: number]

const PROTOCOL = 'packages/web-sync-protocol/src/limits.ts'
const POSTGRES = 'packages/web-sync-server/src/storage/postgres/postgres-storage.ts'
const LISTEN = 'packages/web-sync-server/src/node/listen.ts'
const BOUNDS = 'packages/web-sync-server/src/partner-bounds.ts'
const JOURNAL = 'packages/web-sync/src/store/journal.ts'
const DOOR = 'packages/web-sync/src/store/idb/door.ts'

const ROWS: readonly Row[] = [
  ['docs/operations.md', 'Each process has a pool of {} (`maxConnections`)', POSTGRES, 'maxConnections'],
  ['docs/operations.md', 'longer than {} s of silence', PROTOCOL, 'streamKeepAliveMs', 1_000],
  ['docs/operations.md', 'end idle connections to the processes within {} s', LISTEN, 'KEEP_ALIVE_TIMEOUT_MS', 1_000],
  ['docs/operations.md', 'take bodies of more than {} MiB', PROTOCOL, 'askBytes', MIB],
  [
    'docs/operations.md',
    '(no database within {} s)',
    'packages/web-sync-server/src/http/probes.ts',
    'READY_WITHIN_MS',
    1_000,
  ],
  ['docs/operations.md', 'without that they keep it for {} days', JOURNAL, 'JOURNAL_MAX_AGE_HOURS', 24],
  ['docs/operations.md', 'days or {} MiB', JOURNAL, 'JOURNAL_MAX_BYTES', MIB],
  ['docs/operations.md', "Restore within the journals' time ({} days)", JOURNAL, 'JOURNAL_MAX_AGE_HOURS', 24],
  ['docs/operations.md', "your journals' time allows ({} days)", JOURNAL, 'JOURNAL_MAX_AGE_HOURS', 24],
  [
    'docs/operations.md',
    'after `--stop-seconds` ({})',
    'packages/web-sync-server/src/node/shut-down.ts',
    'LIMIT_MS',
    1_000,
  ],
  ['docs/postgres.md', '`web-sync-server/postgres` ({}, 1, ', POSTGRES, 'maxConnections'],
  ['docs/postgres.md', '`web-sync-server/postgres` (20, {}, ', POSTGRES, 'perSpace'],
  ['docs/postgres.md', '`web-sync-server/postgres` (20, 1, {} and ', POSTGRES, 'waitMs'],
  ['docs/postgres.md', '`web-sync-server/postgres` (20, 1, 5,000 and {} by default', POSTGRES, 'statementMs'],
  [
    'docs/scaling.md',
    'in the very moment in which a proxy sends the next request: it is {} s now',
    LISTEN,
    'KEEP_ALIVE_TIMEOUT_MS',
    1_000,
  ],
  [
    'docs/scaling.md',
    '({} ms for each member, at most 60 s)',
    'packages/web-sync-server/src/nudges/create-nudges.ts',
    'SPREAD_PER_MEMBER_MS',
  ],
  ['docs/scaling.md', '(10 ms for each member, at most {} s)', PROTOCOL, 'nudgeSpreadMs', 1_000],
  [
    'docs/scaling.md',
    'each exchanges every {} minutes by itself',
    'packages/web-sync/src/worker/scheduler.ts',
    'QUIET_INTERVAL_MS',
    MINUTE,
  ],
  [
    'docs/scaling.md',
    'at most {} rows of about 150 bytes',
    'packages/web-sync-server/src/engine/context.ts',
    'KEPT_REQUESTS',
  ],
  ['docs/writes.md', 'left the journal by age ({} days on which it synced)', JOURNAL, 'JOURNAL_MAX_AGE_HOURS', 24],
  ['docs/writes.md', 'or size ({} MiB)', JOURNAL, 'JOURNAL_MAX_BYTES', MIB],
  ['docs/writes.md', 'forgotten after {} others', 'packages/web-sync/src/store/mutations.ts', 'REMEMBERED_STAGES'],
  ['docs/errors.md', 'A record id is not a string of 1 to {} well-formed characters', PROTOCOL, 'idLength'],
  [
    'docs/errors.md',
    'a name of an account or a space that is empty or longer than {} characters',
    PROTOCOL,
    'nameLength',
  ],
  ['docs/errors.md', 'A mutation has no operation, more than {}, or', PROTOCOL, 'opsPerMutation'],
  ['docs/errors.md', 'or more than {} MiB. Nothing was stored.', PROTOCOL, 'mutationBytes', MIB],
  ['docs/browsers.md', 'a transaction makes no progress for {} s', DOOR, 'WATCHDOG_MS', 1_000],
  ['docs/browsers.md', 'does not let go of the database for {} s', DOOR, 'WATCHDOG_MS', 1_000],
  [
    'docs/queries.md',
    'of more than {} in another tab',
    'packages/web-sync/src/platform/notice-channel.ts',
    'MAX_RECORDS',
  ],
  ['docs/protocol.md', 'kept by age (default {} days)', BOUNDS, 'logMs'],
  ['docs/protocol.md', 'the partnership is evicted (default {} days)', BOUNDS, 'partnershipsMs'],
  ['docs/protocol.md', 'the retention limit (default {} days', JOURNAL, 'JOURNAL_MAX_AGE_HOURS', 24],
  ['docs/embedding.md', '**Node ≥ {}** for the partner', 'packages/web-sync-server/src/cli/bin.ts', 'NEEDED_NODE'],
]

/** A constant, a default or a field of the source, as a number; `90 * DAY_MS` is 90. */
function findInSource(path: string, name: string): number {
  const text = new RegExp(
    `\\b${name}(?:: number)?\\s*[=:]\\s*([\\d_]+(?:\\s*\\*\\s*[\\d_]+)*)(?:\\s*\\*\\s*[A-Z]\\w*)?(?![\\w.])`,
  ).exec(read(path))?.[1]
  expect(text, `${path} has ${name} = a number`).toBeDefined()
  return (text ?? '').split('*').reduce((product, factor) => product * Number(factor.trim().replaceAll('_', '')), 1)
}

/** The number in a document's sentence. */
function findInDocument(path: string, sentence: string): number {
  const [before = '', after = ''] = sentence
    .split('{}')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const text = new RegExp(`${before}([\\d,]+)${after}`).exec(read(path))?.[1]
  expect(text, `${path} says "${sentence}"`).toBeDefined()
  return Number((text ?? '').replaceAll(',', ''))
}

it.each(ROWS.map((row) => ({ document: row[0], sentence: row[1], row })))(
  '$document, "$sentence": as in the code',
  ({ row }) => {
    const [document, sentence, source, name, unit = 1] = row
    expect(findInDocument(document, sentence)).toBe(findInSource(source, name) / unit)
  },
)

it('docs/testing.md says how many changes the claims lane tries', () => {
  const lists = ['list', 'client', 'server'].map((name) => read(`scripts/claims-mutants.${name}.mjs`))
  const changes = lists.flatMap((text) => [...text.matchAll(/^ +find:/gm)])
  expect(findInDocument('docs/testing.md', '| claims | {} changes of product code')).toBe(changes.length)
})
