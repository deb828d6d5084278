import { LIMITS } from 'web-sync-protocol'
import type { Cost } from '../partner-disk.ts'
import { ACCOUNT_HEADER, ACCOUNTS, ENDPOINT } from '../partner-host.ts'
import type { World } from '../world.ts'
import {
  deepValue,
  limit,
  manyCollections,
  manyMutations,
  oldBases,
  type RawAsk,
  RECORD_BYTES,
  toBody,
  tooManyBytes,
  unknownKeys,
} from './hostile-asks.ts'

/** Statements that each page of a reply may take, besides those for operations and `have`. */
const PER_PAGE = 40
/** Statements for each operation of an ask: its record, its outcome, what is known of its base. */
const PER_OPERATION = 8
/** Statements for each entry of `have`. */
const PER_HAVE = 2
/** Rows that one statement may bring, whatever is asked for: the storage is read in chunks. */
const CHUNK_ROWS = 513
/** Bytes of a page besides its changes and outcomes: its key, its collections, the digest. */
const FRAME_BYTES = 4_096
/** Bytes of an outcome that has no records with it. */
const OUTCOME_BYTES = 512
/** Bytes of a change besides its value. */
const CHANGE_BYTES = 400
/** Operations of an ask that is large, but not as large as may be; versions of a record that many operations name. */
const MANY = 60
/** Pages that are asked for where one would do. */
const PAGES = 20
const LOG_KEPT_MS = 100 * 86_400_000

/** What an ask may cost. */
interface Bound {
  readonly operations?: number
  readonly have?: number
  /** Pages of the reply; 0: it is refused at the door, and the storage hears nothing of it. */
  readonly pages: number
  /** Changes on one page; each has {@link RECORD_BYTES} at the most. */
  readonly changes: number
}

/** How an ask was answered. */
interface Answer {
  readonly status: number
  readonly lines: readonly string[]
  /** The most pages that were made ahead of who reads them. */
  readonly ahead: number
}

const REFUSED: Bound = { pages: 0, changes: 0 }
const ONE_CHANGE: Bound = { pages: 1, changes: 1 }
const LEAST = limit(1, 1, 1)

/**
 * L7: each request has bounded memory and time, whatever its content. Counted, not timed: statements of the storage and the rows that
 * they bring, bytes of each page, and pages that are made before somebody reads them. Comes last in a world, for it writes. `isLarge`:
 * also with asks that are as large as may be, which takes its time.
 */
export async function checkBounds(world: World, isLarge: boolean): Promise<void> {
  const { chance } = world
  const asker = new Asker(world)
  const text = 'x'.repeat(RECORD_BYTES - CHANGE_BYTES)
  const some = manyMutations(chance, MANY, 1, text)
  await asker.send('many mutations', { ...some, ...LEAST }, { ...ONE_CHANGE, operations: MANY })
  await asker.send('pages of one change', limit(1, LIMITS.pageBytes, PAGES), { pages: PAGES, changes: 1 })
  await asker.send('pages of one byte', limit(LIMITS.pageChanges, 1, PAGES), { pages: PAGES, changes: 1 })
  await asker.send(
    'unknown keys',
    { ...unknownKeys(chance, LIMITS.have), ...LEAST },
    { ...ONE_CHANGE, have: LIMITS.have },
  )
  await asker.send('too many unknown keys', unknownKeys(chance, 20 * LIMITS.have), REFUSED)
  await asker.send('many collections', { ...manyCollections(LIMITS.collections), ...LEAST }, ONE_CHANGE)
  await asker.send('too many collections', manyCollections(LIMITS.collections + 1), REFUSED)
  await asker.send('too much asked for', limit(LIMITS.pageChanges + 1, 1, 1), REFUSED)
  await asker.send('a value too deep', { ...deepValue(chance), ...LEAST }, { ...ONE_CHANGE, operations: 1 })
  await asker.sendAfterLargeWrite(text)
  await asker.sendOldBases()
  if (!isLarge) return
  await asker.send('too many mutations', manyMutations(chance, LIMITS.mutationsPerAsk + 1, 1), REFUSED)
  await asker.send('too many bytes', tooManyBytes(), REFUSED)
  const full = manyMutations(chance, 10, LIMITS.opsPerMutation)
  await asker.send('very many operations', { ...full, ...LEAST }, { ...ONE_CHANGE, operations: 10_000 })
}

/** Sends asks that no device of ours would send, and counts what they cost. */
class Asker {
  readonly #world: World
  readonly #account = ACCOUNTS[0]
  readonly #space = `home-${ACCOUNTS[0]}`

  constructor(world: World) {
    this.#world = world
  }

  /** Sends one, and judges what it cost. */
  async send(what: string, ask: RawAsk, bound: Bound): Promise<Answer> {
    const { story, host } = this.#world
    const cost: Cost = { transactions: 0, statements: 0, maxRows: 0 }
    const answer = await host.measure(cost, () => this.#ask(ask, cost))
    story.count(`checked: L7 asks ${bound.pages === 0 ? 'refused' : 'answered'}`)
    story.tell(`${what}: ${answer.status}, ${cost.statements} statements, ${cost.transactions} transactions`)
    const faults = bound.pages === 0 ? faultsOfRefusal(answer, cost) : faultsOf(answer, cost, bound)
    for (const fault of faults) story.fail('L7', `${what}: ${fault}`)
    return answer
  }

  /** A whole transaction is on one page, however small the limit; but not two of them. */
  async sendAfterLargeWrite(text: string): Promise<void> {
    const { host, chance } = this.#world
    const { lines } = await this.send('all', {}, { pages: LIMITS.pagesPerReply, changes: LIMITS.pageChanges })
    const { partnershipId } = JSON.parse(lines[0] ?? '{}') as RawAsk
    const { key } = JSON.parse(lines.at(-1) ?? '{}') as RawAsk
    for (let write = 0; write < 2; write += 1) {
      await host.partner.transact(this.#space, (tx) => {
        for (let index = 0; index < MANY; index += 1) tx['notes']?.put({ id: chance.hex(16), text })
      })
    }
    const ask = { partnershipId, key, ...limit(1, 1, PAGES) }
    await this.send('a transaction larger than a page', ask, { pages: PAGES, changes: MANY })
  }

  /** Whether an old mutation took effect before is looked up in the log: for many of them it must not be read again and again. */
  async sendOldBases(): Promise<void> {
    const { host, chance, time } = this.#world
    time.leap(LOG_KEPT_MS)
    await host.partner.prune()
    const id = chance.hex(16)
    for (let version = 0; version < MANY; version += 1) {
      await host.partner.transact(this.#space, (tx) => tx['notes']?.put({ id, topic: `${version}` }))
    }
    const ask = { ...oldBases(chance, id, MANY), ...LEAST }
    await this.send('bases older than the log', ask, { ...ONE_CHANGE, operations: 2 * MANY })
  }

  async #ask(ask: RawAsk, cost: Readonly<Cost>): Promise<Answer> {
    const { chance, host } = this.#world
    const whole = {
      protocol: 1,
      requestId: chance.hex(32),
      account: this.#account,
      replicaId: chance.hex(32),
      space: this.#space,
      partnershipId: null,
      key: 0,
      have: [],
      collections: ['notes', 'tags'],
      schemaVersion: 2,
      mutations: [],
      ...limit(LIMITS.pageChanges, LIMITS.pageBytes, LIMITS.pagesPerReply),
      host: 'worker',
      ...ask,
    }
    const headers = { [ACCOUNT_HEADER]: this.#account, 'content-type': 'application/json', 'web-sync-protocol': '1' }
    const request = new Request(ENDPOINT, { method: 'POST', body: toBody(whole), headers })
    return read(await host.fetch(request), cost)
  }
}

/** Reads a reply page by page, as slowly as one can. */
async function read(response: Response, cost: Readonly<Cost>): Promise<Answer> {
  const decoder = new TextDecoder()
  let text = ''
  let pages = 0
  // The first page's transaction comes before the answer.
  let ahead = Math.max(0, cost.transactions - 1)
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    pages += 1
    ahead = Math.max(ahead, cost.transactions - pages)
  }
  return { status: response.status, lines: text.trimEnd().split('\n'), ahead }
}

function faultsOfRefusal({ status }: Answer, { statements }: Readonly<Cost>): readonly string[] {
  if (status < 400 || status >= 500) return [`answered with ${status}, not refused`]
  return statements === 0 ? [] : [`refused after ${statements} statements`]
}

function faultsOf({ status, lines, ahead }: Answer, cost: Readonly<Cost>, bound: Bound): readonly string[] {
  if (status >= 500) return [`answered with ${status}`]
  const { operations = 0, have = 0, pages, changes } = bound
  const sent = status === 200 ? lines.slice(1) : []
  const statements = PER_PAGE * pages + PER_OPERATION * operations + PER_HAVE * have
  const bytes = FRAME_BYTES + RECORD_BYTES * changes + OUTCOME_BYTES * operations
  return [
    exceeds('pages', sent.length, pages),
    exceeds('transactions', cost.transactions, pages),
    exceeds('pages that nobody has read yet', ahead, 1),
    exceeds('statements', cost.statements, statements),
    exceeds('rows of one statement', cost.maxRows, CHUNK_ROWS),
    exceeds('changes on one page', Math.max(0, ...sent.map(countChanges)), changes),
    exceeds('bytes of one page', Math.max(0, ...sent.map((page) => page.length)), bytes),
  ].filter((fault) => fault !== null)
}

function countChanges(page: string): number {
  return (JSON.parse(page) as { readonly changes: readonly unknown[] }).changes.length
}

function exceeds(what: string, count: number, bound: number): string | null {
  return count <= bound ? null : `${count} ${what}, more than ${bound}`
}
