import {
  anyBytes,
  type CheckpointRow,
  type LogBound,
  type LogRow,
  type OutcomeRow,
  type PartnershipRow,
  type PartnerStorage,
  type StorageTransaction,
} from '../contract/index.ts'
import { randomHex } from './scripted-initiator.ts'

/** The part of vitest (or of a test runner like it) that the suite needs. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void>) => void
  readonly expect: (value: unknown) => {
    toEqual(expected: unknown): void
    toBe(expected: unknown): void
    readonly rejects: { toThrow(message?: string | RegExp): Promise<void> }
  }
}

const SPACE = 's'
const ANN = 'ann'

/**
 * The suite that any storage of a partner must pass. `create` opens a new, empty storage; the suite closes it.
 *
 * @example
 * testPartnerStorage('SQLite', () => sqliteStorage(':memory:'), { describe, it, expect })
 */
export function testPartnerStorage(
  name: string,
  create: () => PartnerStorage | Promise<PartnerStorage>,
  { describe, it, expect }: TestRunner,
): void {
  /** A test on a storage of its own. */
  const on = (title: string, body: (storage: PartnerStorage) => Promise<void>): void =>
    it(title, async () => {
      const storage = await create()
      try {
        await body(storage)
      } finally {
        await storage.close()
      }
    })

  describe(`a partner’s storage: ${name}`, () => {
    on('a space that was never written is empty, and reading it makes nothing', async (storage) => {
      const row = await storage.read(SPACE, (tx) => tx.getSpace())
      expect(row).toEqual({ head: 0, floor: 0, durableHead: 0, digest: {}, isRestoreSeen: false })
      expect(await storage.listSpaces()).toEqual([])
    })

    on('the partner’s id is drawn once, whoever asks for it', async (storage) => {
      const [first, second] = await Promise.all([
        storage.readPartnerId(() => 'a'.repeat(32)),
        storage.readPartnerId(() => 'b'.repeat(32)),
      ])
      expect(second).toBe(first)
      expect(await storage.readPartnerId(() => 'c'.repeat(32))).toBe(first)
      expect(await storage.listSpaces()).toEqual([])
    })

    on('a transaction’s writes are kept together, and other spaces do not see them', async (storage) => {
      await storage.transaction(SPACE, async (tx) => {
        await tx.appendChanges([put(1, 'a', '{"id":"a"}'), put(2, 'b', '{"id":"b"}')], {
          notes: { count: 2, sum: '00000000000000ff' },
        })
        await tx.putPartnership(PARTNERSHIP)
      })
      await storage.read(SPACE, async (tx) => {
        expect((await tx.getSpace()).head).toBe(2)
        expect((await tx.getSpace()).digest).toEqual({ notes: { count: 2, sum: '00000000000000ff' } })
        expect((await tx.getRecord('notes', 'a'))?.value).toBe('{"id":"a"}')
        expect(await tx.getPartnership(ANN, PARTNERSHIP.partnershipId)).toEqual(PARTNERSHIP)
      })
      expect(await storage.read('other', (tx) => tx.getRecord('notes', 'a'))).toBe(null)
      expect(await storage.listSpaces()).toEqual([SPACE])
    })

    on('what a failing transaction wrote is gone, all of it, and its error is thrown on', async (storage) => {
      await storage.transaction(SPACE, (tx) => tx.appendChanges([put(1, 'a', '1')], {}))
      const before = await dump(storage)
      const failing = storage.transaction(SPACE, async (tx) => {
        await fillEverything(tx)
        expect((await tx.getSpace()).head).toBe(3)
        expect((await tx.listRecords('notes', null, anyBytes(10))).length).toBe(1)
        throw new Error('on purpose')
      })
      await expect(failing).rejects.toThrow('on purpose')
      expect(await dump(storage)).toEqual(before)
      expect((await storage.read(SPACE, (tx) => tx.listRecords('notes', null, anyBytes(10)))).length).toBe(1)
    })

    on('transactions run one after another on a space, in the order in which they came', async (storage) => {
      const turns = Array.from({ length: 20 }, (_, index) =>
        storage.transaction(SPACE, async (tx) => {
          const { head } = await tx.lockSpace()
          await tx.appendChanges([put(head + 1, `r${index}`, '1')], {})
        }),
      )
      await Promise.all(turns)
      const rows = await storage.read(SPACE, (tx) => tx.listLog(0, 20, anyBytes(100)))
      expect(rows.map(({ number, id }) => `${number} ${id}`)).toEqual(turns.map((_, index) => `${index + 1} r${index}`))
    })

    on('many records are locked as one is, and those that are not there are left out', async (storage) => {
      await storage.transaction(SPACE, (tx) => tx.appendChanges([put(1, 'a', '1'), put(2, 'b', '2')], {}))
      await storage.transaction(SPACE, async (tx) => {
        const rows = await tx.lockRecords('notes', ['b', 'none', 'a'])
        expect([...rows.keys()].toSorted()).toEqual(['a', 'b'])
        expect(rows.get('a')).toEqual(await tx.lockRecord('notes', 'a'))
        expect([...(await tx.lockRecords('other', ['a'])).keys()]).toEqual([])
      })
    })

    on('a transaction that renounces durability is stored like any other', async (storage) => {
      await storage.transaction(SPACE, async (tx) => {
        await fillEverything(tx)
        await tx.renounceDurability()
      })
      expect((await storage.read(SPACE, (tx) => tx.getSpace())).head).toBe(3)
      expect((await storage.read(SPACE, (tx) => tx.listPartnerships(ANN))).length).toBe(1)
    })

    on('a change number that leaves a gap is refused', async (storage) => {
      await expect(storage.transaction(SPACE, (tx) => tx.appendChanges([put(2, 'a', '1')], {}))).rejects.toThrow()
    })

    on('values read back bit for bit, and ids are ordered and paged by their bytes', async (storage) => {
      const ids = [
        'a',
        'B',
        'ä',
        '\u{10000}',
        '\uffee',
        '\ue000',
        'z',
        '__proto__',
        "'; --",
        'a b',
        '\u0001',
        'é',
        'e\u0301',
      ]
      const value = JSON.stringify({ text: '\u{1f600} \u2028 "\\', n: 1e-7, big: 2 ** 60, ['__proto__']: [null] })
      const rows = ids.map((id, index) => put(index + 1, id, value))
      await storage.transaction(SPACE, (tx) => tx.appendChanges(rows, {}))
      const expected = ids.toSorted((a, b) => compareUtf8(a, b))
      const read: string[] = []
      await storage.read(SPACE, async (tx) => {
        for (let last: string | null = null; ; last = read.at(-1) ?? null) {
          const page = await tx.listRecords('notes', last, anyBytes(4))
          for (const row of page) expect(row.value).toBe(value)
          read.push(...page.map(({ id }) => id))
          if (page.length < 4) break
        }
        expect(await tx.listRecords('note', null, anyBytes(4))).toEqual([])
      })
      expect(read).toEqual(expected)
    })

    on('the log keeps every value; a delete removes the record and stays as its tombstone', async (storage) => {
      const gone: LogRow = { ...put(2, 'a', null), previousVersion: version(1) }
      await storage.transaction(SPACE, (tx) => tx.appendChanges([put(1, 'a', '1'), gone], {}))
      await storage.read(SPACE, async (tx) => {
        expect(await tx.getRecord('notes', 'a')).toBe(null)
        expect(await tx.listLog(0, 2, anyBytes(10))).toEqual([put(1, 'a', '1'), gone])
        expect(await tx.listLog(1, 2, anyBytes(10))).toEqual([gone])
        expect((await tx.listLog(0, 1, anyBytes(10))).length).toBe(1)
        expect((await tx.listLog(0, 2, anyBytes(1))).length).toBe(1)
      })
    })

    on(
      'the log is read within its bound, the first row in any case, and without the values of others',
      async (storage) => {
        const rows = [
          put(1, 'a', 'ääää'),
          put(2, 'b', 'x'.repeat(8)),
          { ...put(3, 'c', 'long'), collection: 'tags' },
          put(4, 'd', null),
        ]
        await storage.transaction(SPACE, (tx) => tx.appendChanges(rows, {}))
        await storage.transaction(SPACE, async (tx) => {
          const numbers = async (after: number, bound: LogBound): Promise<readonly number[]> =>
            (await tx.listLog(after, 4, bound)).map(({ number }) => number)
          expect(await numbers(0, { rows: 10, bytes: 1 })).toEqual([1])
          expect(await numbers(0, { rows: 10, bytes: 15 })).toEqual([1])
          expect(await numbers(0, { rows: 10, bytes: 16 })).toEqual([1, 2])
          expect(await numbers(1, { rows: 10, bytes: 12 })).toEqual([2, 3, 4])
          expect(await numbers(1, { rows: 2, bytes: 1_000 })).toEqual([2, 3])
          expect(await numbers(4, { rows: 2, bytes: 1_000 })).toEqual([])
          const bound = { rows: 10, bytes: 4, collections: ['tags'] }
          const own = { rows: 10, bytes: 8, collections: ['notes'] }
          expect(await tx.listLog(1, 4, bound)).toEqual([{ ...put(2, 'b', null) }, rows[2], rows[3]])
          expect(await tx.listLog(1, 4, own)).toEqual([rows[1], { ...put(3, 'c', null), collection: 'tags' }, rows[3]])
          expect(await tx.getLogStub(2)).toEqual({
            number: 2,
            version: version(2),
            previousVersion: null,
            mutationId: null,
          })
          expect(await tx.getLogStub(5)).toBe(null)
        })
      },
    )

    on('records are read within their bound, the first one in any case', async (storage) => {
      const rows = [put(1, 'a', 'ääää'), put(2, 'b', 'x'.repeat(8)), put(3, 'c', 'long')]
      await storage.transaction(SPACE, (tx) => tx.appendChanges(rows, {}))
      await storage.read(SPACE, async (tx) => {
        const ids = async (after: string | null, rowBound: number, bytes: number): Promise<readonly string[]> =>
          (await tx.listRecords('notes', after, { rows: rowBound, bytes })).map(({ id }) => id)
        expect(await ids(null, 10, 1)).toEqual(['a'])
        expect(await ids(null, 10, 16)).toEqual(['a', 'b'])
        expect(await ids('a', 10, 12)).toEqual(['b', 'c'])
        expect(await ids('a', 1, 12)).toEqual(['b'])
        expect(await ids('c', 10, 12)).toEqual([])
      })
    })

    on(
      'a long log is read to its end without a row left out, also where the transaction has appended to it',
      async (storage) => {
        const { partnershipId } = PARTNERSHIP
        // The name under which a storage may be told beforehand what is asked.
        const root = checkpoint(1, null, { tag: REQUEST.issued.tag })
        await storage.transaction(SPACE, async (tx) => {
          await tx.putPartnership(PARTNERSHIP)
          await tx.insertCheckpoint(root)
          await tx.appendChanges(puts(1, 100), {})
        })
        await storage.transaction(SPACE, async (tx) => {
          expect(await tx.getCheckpoint(partnershipId, 1, root.tag)).toEqual(root)
          await tx.appendChanges(puts(101, 250), {})
          for (const bound of [anyBytes(256), anyBytes(100), { rows: 500, bytes: 5_000 }, anyBytes(7)]) {
            const read: number[] = []
            while (read.length < 350) {
              const next = await tx.listLog(read.length, 350, bound)
              expect(next.length > 0 && next.length <= bound.rows).toBe(true)
              read.push(...next.map(({ number }) => number))
            }
            expect(read).toEqual(Array.from({ length: 350 }, (_, index) => index + 1))
          }
        })
      },
    )

    on(
      'a partnership is found by its account only, and is removed with its checkpoints and requests',
      async (storage) => {
        const { partnershipId } = PARTNERSHIP
        await storage.transaction(SPACE, async (tx) => {
          await tx.putPartnership(PARTNERSHIP)
          await tx.insertCheckpoint(checkpoint(1, null))
          await tx.putRequest(partnershipId, REQUEST, 64)
        })
        await storage.transaction(SPACE, async (tx) => {
          expect(await tx.getPartnership('bob', partnershipId)).toBe(null)
          expect(await tx.lockPartnership('bob', partnershipId)).toBe(null)
          expect(await tx.listPartnerships('bob')).toEqual([])
          expect(await tx.listPartnerships(null)).toEqual([PARTNERSHIP])
          await tx.deletePartnership(partnershipId)
          expect(await tx.listPartnerships(null)).toEqual([])
          expect(await tx.listCheckpoints(partnershipId)).toEqual([])
          expect(await tx.getRequest(partnershipId, REQUEST.requestId)).toBe(null)
        })
        expect(await storage.findPartnerships(ANN, [partnershipId])).toEqual([])
      },
    )

    on('partnerships are found across spaces for their account only', async (storage) => {
      await storage.transaction('one', (tx) => tx.putPartnership(PARTNERSHIP))
      const ids = [PARTNERSHIP.partnershipId, randomHex()]
      const place = { partnershipId: PARTNERSHIP.partnershipId, space: 'one' }
      expect(await storage.findPartnerships(ANN, ids)).toEqual([place])
      expect(await storage.findPartnerships('bob', ids)).toEqual([])
    })

    on('checkpoints are named by number and tag; children, newest and oldest are found', async (storage) => {
      const root = checkpoint(4, null, { isPresented: true, cut: 3 })
      const first = checkpoint(5, root.tag, { cut: 9, digest: { notes: { count: 1, sum: '0000000000000001' } } })
      const second = checkpoint(5, root.tag, {
        collections: { notes: { lastId: 'ä' } },
        isSettled: false,
        settleAt: null,
      })
      const { partnershipId } = PARTNERSHIP
      await storage.transaction(SPACE, async (tx) => {
        await tx.putPartnership(PARTNERSHIP)
        for (const row of [root, first, second]) await tx.insertCheckpoint(row)
        expect(await tx.getCheckpoint(partnershipId, 5, first.tag)).toEqual(first)
        expect(await tx.getCheckpoint(partnershipId, 5, second.tag)).toEqual(second)
        expect(await tx.getCheckpoint(partnershipId, 4, second.tag)).toBe(null)
        expect(await tx.getCheckpoint(randomHex(), 5, second.tag)).toBe(null)
        expect((await tx.listChildren(partnershipId, 4, root.tag)).map(({ tag }) => tag)).toEqual([
          first.tag,
          second.tag,
        ])
        expect((await tx.getNewestPresented(partnershipId))?.tag).toBe(root.tag)
        expect(await tx.getNewestIssued(partnershipId)).toEqual({ n: 5, tag: second.tag })
        expect(await tx.getOldestKept(partnershipId)).toBe(4)
        expect(await tx.getDurable(partnershipId, 100)).toBe(4)
        expect(await tx.getDurable(partnershipId, 2)).toBe(0)
        await tx.markPresented(partnershipId, 5, first.tag)
        expect((await tx.getNewestPresented(partnershipId))?.tag).toBe(first.tag)
        await tx.deleteCheckpoint(partnershipId, 4, root.tag)
        expect((await tx.listCheckpointStubs(partnershipId)).map(({ n }) => n)).toEqual([5, 5])
        expect(await tx.getOldestKept(partnershipId)).toBe(5)
      })
    })

    on('only the last requests of a partnership are remembered', async (storage) => {
      const { partnershipId } = PARTNERSHIP
      const requests = Array.from({ length: 5 }, () => ({ ...REQUEST, requestId: randomHex() }))
      await storage.transaction(SPACE, async (tx) => {
        for (const request of requests) await tx.putRequest(partnershipId, request, 3)
        const known = await Promise.all(requests.map(({ requestId }) => tx.getRequest(partnershipId, requestId)))
        expect(known).toEqual([null, null, ...requests.slice(2)])
      })
    })

    on('outcomes are found by account and mutation, confirmed by key, and pruned by age', async (storage) => {
      const { partnershipId } = PARTNERSHIP
      const outcome = (n: number, lastNumber: number | null) => ({
        mutationId: crypto.randomUUID(),
        account: ANN,
        contentHash: 'h',
        outcome: '{"type":"accepted"}',
        lastNumber,
        partnershipId,
        n,
        requestId: REQUEST.requestId,
        originId: partnershipId,
        originNumber: n,
        atMs: 1_000,
      })
      const [early, late, bare] = [outcome(2, 5), outcome(3, 9), outcome(2, null)] as const
      const lost = { ...outcome(2, null), requestId: randomHex() }
      await storage.transaction(SPACE, async (tx) => {
        await tx.putPartnership(PARTNERSHIP)
        for (const row of [early, late, bare, lost]) await tx.insertOutcome(row)
        const presented = checkpoint(2, null)
        await tx.insertCheckpoint(presented)
        await tx.confirmOutcomes(partnershipId, 2, 5, 1_999)
        await tx.markPresented(partnershipId, 2, presented.tag)
        await tx.confirmOutcomes(partnershipId, 2, 5, 2_000)
      })
      const left = (): Promise<readonly boolean[]> =>
        storage.read(SPACE, async (tx) => {
          const rows = await Promise.all([early, late, bare].map((row) => tx.getOutcome(ANN, row.mutationId)))
          return rows.map((row) => row !== null)
        })
      expect(await storage.read(SPACE, (tx) => tx.getOutcome('bob', early.mutationId))).toBe(null)
      expect((await storage.read(SPACE, (tx) => tx.getOutcome(ANN, early.mutationId)))?.lastNumber).toBe(5)
      const prune = (confirmedBeforeMs: number, madeBeforeMs: number, max = 10) =>
        storage.transaction(SPACE, (tx) => tx.pruneOutcomes(confirmedBeforeMs, madeBeforeMs, max))
      expect(await prune(2_000, 9_000)).toEqual([])
      expect((await prune(2_001, 9_000, 1)).length).toBe(1)
      expect((await prune(2_001, 9_000)).length).toBe(1)
      expect(await left()).toEqual([false, true, false])
      await storage.transaction(SPACE, (tx) => tx.deletePartnership(partnershipId))
      expect(await prune(0, 1_000)).toEqual([])
      const rest = await prune(0, 1_001)
      expect(rest.map(({ account, originId }) => [account, originId])).toEqual([
        [ANN, partnershipId],
        [ANN, partnershipId],
      ])
      expect(rest.map(({ originNumber }) => originNumber).toSorted((a, b) => a - b)).toEqual([2, 3])
    })

    on('an outcome that is on its way again is confirmed by the reply that carries it then', async (storage) => {
      const { partnershipId } = PARTNERSHIP
      const row = { ...OUTCOME, requestId: randomHex() }
      const { account, mutationId } = row
      await storage.transaction(SPACE, async (tx) => {
        await tx.putPartnership(PARTNERSHIP)
        await tx.insertOutcome(row)
        const presented = { ...checkpoint(2, null), isPresented: true }
        await tx.insertCheckpoint(presented)
        await tx.confirmOutcomes(partnershipId, 2, 5, 2_000)
        await tx.carryOutcome({ account, mutationId, partnershipId, n: 2, requestId: presented.requestId })
        await tx.confirmOutcomes(partnershipId, 2, 5, 3_000)
        await tx.carryOutcome({ account, mutationId, partnershipId, n: 9, requestId: randomHex() })
      })
      expect(await storage.transaction(SPACE, (tx) => tx.pruneOutcomes(3_000, 0, 10))).toEqual([])
      expect((await storage.transaction(SPACE, (tx) => tx.pruneOutcomes(3_001, 0, 10))).length).toBe(1)
    })

    on('what is forgotten is found by account and origin, and goes with its account', async (storage) => {
      const row = { account: ANN, originId: randomHex(), numbers: '1-3' }
      await storage.transaction(SPACE, async (tx) => {
        await tx.putForgotten({ ...row, numbers: '1' })
        await tx.putForgotten(row)
      })
      expect(await storage.read(SPACE, (tx) => tx.getForgotten(ANN, row.originId))).toEqual(row)
      expect(await storage.read(SPACE, (tx) => tx.getForgotten('bob', row.originId))).toBe(null)
      expect(await storage.read('another', (tx) => tx.getForgotten(ANN, row.originId))).toBe(null)
      await storage.eraseAccount(ANN)
      expect(await storage.read(SPACE, (tx) => tx.getForgotten(ANN, row.originId))).toBe(null)
    })

    on('what was dated while the clock was ahead does not stay longer for that', async (storage) => {
      const dates = [100, 200, 9_000, 9_000, 300, 400, 9_000]
      const rows = dates.map((atMs, index) => ({ ...put(index + 1, `r${index}`, '1'), txEnd: index + 1, atMs }))
      await storage.transaction(SPACE, async (tx) => {
        await tx.putPartnership(PARTNERSHIP)
        await tx.insertCheckpoint({ ...checkpoint(1, null), isPresented: true })
        await tx.insertOutcome(OUTCOME)
        await tx.confirmOutcomes(PARTNERSHIP.partnershipId, 1, 0, 9_000)
        await tx.appendChanges(rows, {})
      })
      // Young is what came later than 250: the row of 300, and the two of 9,000 before it are older than it, nobody knows by how much.
      expect(await storage.transaction(SPACE, (tx) => tx.pruneLog(250, 500))).toBe(2)
      expect(await storage.transaction(SPACE, (tx) => tx.pruneLog(350, 500))).toBe(3)
      await storage.transaction(SPACE, (tx) => tx.dateBack(500))
      expect((await storage.read(SPACE, (tx) => tx.listLog(0, 9, anyBytes(9)))).map(({ atMs }) => atMs)).toEqual([
        400, 500,
      ])
      expect((await storage.transaction(SPACE, (tx) => tx.pruneOutcomes(501, 0, 10))).length).toBe(1)
    })

    on('the log is pruned by age, never inside a mutation, and records stay', async (storage) => {
      const rows = [1, 2, 3, 4, 5].map((number) => ({
        ...put(number, `r${number}`, '1'),
        txEnd: number <= 2 ? 2 : number,
        atMs: number * 100,
      }))
      await storage.transaction(SPACE, (tx) => tx.appendChanges(rows, {}))
      expect(await storage.transaction(SPACE, (tx) => tx.pruneLog(150, 900))).toBe(0)
      expect(await storage.transaction(SPACE, (tx) => tx.pruneLog(350, 900))).toBe(3)
      await storage.read(SPACE, async (tx) => {
        expect((await tx.getSpace()).floor).toBe(3)
        expect((await tx.listLog(0, 5, anyBytes(10))).map(({ number }) => number)).toEqual([4, 5])
        expect((await tx.listRecords('notes', null, anyBytes(10))).length).toBe(5)
      })
      expect(await storage.transaction(SPACE, (tx) => tx.pruneLog(1_000, 900))).toBe(2)
      expect((await storage.read(SPACE, (tx) => tx.getSpace())).head).toBe(5)
    })

    on(
      'durable is what the head was when it was marked; a sighting of lost history touches nothing else',
      async (storage) => {
        await storage.transaction(SPACE, (tx) => tx.appendChanges([put(1, 'a', '1')], {}))
        await storage.markDurable(SPACE)
        await storage.transaction(SPACE, (tx) => tx.appendChanges([put(2, 'a', '1')], {}))
        await storage.transaction(SPACE, (tx) => tx.noteRestoreSeen(1))
        await storage.transaction(SPACE, (tx) => tx.noteRestoreSeen(2))
        const row = await storage.read(SPACE, (tx) => tx.getSpace())
        expect(row).toEqual({ head: 2, floor: 0, durableHead: 1, digest: {}, isRestoreSeen: true })
      },
    )

    on('deletions wait for their record, each for a mutation and an account, until they are done', async (storage) => {
      const awaiting = { collection: 'notes', id: 'a', mutationId: 'm1', base: null, account: ANN }
      const others = [
        { ...awaiting, account: 'bob' },
        { ...awaiting, mutationId: 'm2', base: '1-00000000000000aa' },
      ]
      const elsewhere = { ...awaiting, id: 'b' }
      await storage.transaction(SPACE, async (tx) => {
        await tx.putAwaitingDelete(awaiting, 1)
        await tx.putAwaitingDelete({ ...awaiting, base: '1-00000000000000bb' }, 2)
        for (const other of others) await tx.putAwaitingDelete(other, 3)
        await tx.putAwaitingDelete(elsewhere, 3)
      })
      const waiting = await storage.read(SPACE, (tx) => tx.listAwaitingDeletes('notes', 'a'))
      expect(waiting).toEqual([{ ...awaiting, base: '1-00000000000000bb' }, ...others])
      await storage.transaction(SPACE, async (tx) => {
        await tx.deleteAwaitingDelete(awaiting)
        expect(await tx.listAwaitingDeletes('notes', 'a')).toEqual(others)
        await tx.deleteAwaitingDelete(others[0] as (typeof others)[0])
        expect(await tx.listAwaitingDeletes('notes', 'a')).toEqual(others.slice(1))
        expect(await tx.listAwaitingDeletes('notes', 'b')).toEqual([elsewhere])
      })
      expect(await storage.read(SPACE, (tx) => tx.listAwaitingDeletes('notes', 'a'))).toEqual(others.slice(1))
      await storage.eraseAccount(ANN)
      expect(await storage.read(SPACE, (tx) => tx.listAwaitingDeletes('notes', 'a'))).toEqual([])
    })

    on('a record has what its author had not seen, as its last change says', async (storage) => {
      const unseen = '1-0000000000000001'
      await storage.transaction(SPACE, async (tx) => {
        await tx.lockSpace()
        await tx.appendChanges([put(1, 'a', '{}'), { ...put(2, 'b', '{}'), unseen }], {})
      })
      const records = await storage.read(SPACE, (tx) => tx.listRecords('notes', null, anyBytes(9)))
      expect(records.map((row) => row.unseen)).toEqual([null, unseen])
      const log = await storage.read(SPACE, (tx) => tx.listLog(0, 2, anyBytes(9)))
      expect(log.map((row) => row.unseen)).toEqual([null, unseen])
    })

    on('a record has the mutations that made it before, as its last change says', async (storage) => {
      const priorMutations = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
      await storage.transaction(SPACE, async (tx) => {
        await tx.lockSpace()
        await tx.appendChanges([{ ...put(1, 'a', '{}'), priorMutations }, put(2, 'b', '{}')], {})
        await tx.appendChanges([{ ...put(3, 'b', '{}'), priorMutations }, put(4, 'a', '{}')], {})
      })
      const records = await storage.read(SPACE, (tx) => tx.listRecords('notes', null, anyBytes(9)))
      expect(records.map((row) => row.priorMutations)).toEqual([[], priorMutations])
      expect(await storage.read(SPACE, (tx) => tx.getRecord('notes', 'b'))).toEqual(records[1])
    })

    on('erasing an account leaves others and the records; erasing a space leaves other spaces', async (storage) => {
      const bobs = { ...PARTNERSHIP, partnershipId: randomHex(), account: 'bob' }
      for (const space of ['one', 'two']) {
        await storage.transaction(space, async (tx) => {
          await fillEverything(tx)
          await tx.putPartnership(bobs)
        })
      }
      expect(await storage.eraseAccount(ANN)).toBe(2)
      expect(await storage.read('one', (tx) => tx.listPartnerships(null))).toEqual([bobs])
      expect((await storage.read('one', (tx) => tx.getSpace())).head).toBe(3)
      expect(await storage.read('one', (tx) => tx.getOutcome(ANN, OUTCOME_ID))).toBe(null)
      expect(await storage.eraseSpace('one')).toBe(true)
      expect(await storage.eraseSpace('one')).toBe(false)
      expect(await storage.listSpaces()).toEqual(['two'])
      expect((await storage.read('two', (tx) => tx.getSpace())).head).toBe(3)
    })

    it('a closed storage says so', async () => {
      const storage = await create()
      await storage.close()
      await expect(storage.listSpaces()).rejects.toThrow(/closed/)
    })
  })
}

const PARTNERSHIP: PartnershipRow = {
  partnershipId: 'aa'.repeat(16),
  account: ANN,
  replicaId: 'bb'.repeat(16),
  isProvisional: true,
  createdAtMs: 1,
  lastSeenAtMs: 2,
}
const REQUEST = { requestId: 'cc'.repeat(16), issued: { partnershipId: 'aa'.repeat(16), n: 1, tag: 'dd'.repeat(16) } }
const OUTCOME_ID = '00000000-0000-4000-8000-000000000000'
const OUTCOME: OutcomeRow = {
  mutationId: OUTCOME_ID,
  account: ANN,
  contentHash: 'h',
  outcome: '{}',
  lastNumber: null,
  partnershipId: PARTNERSHIP.partnershipId,
  n: 1,
  requestId: REQUEST.requestId,
  originId: PARTNERSHIP.partnershipId,
  originNumber: 4,
  atMs: 1,
}

function version(number: number): string {
  return `${number}-00000000000000aa`
}

function put(number: number, id: string, value: string | null): LogRow {
  return {
    number,
    txEnd: number,
    collection: 'notes',
    id,
    version: version(number),
    previousVersion: null,
    mutationId: null,
    unseen: null,
    value,
    atMs: 5,
  }
}

function puts(from: number, count: number): LogRow[] {
  return Array.from({ length: count }, (_, index) => put(from + index, `r${from + index}`, 'x'.repeat(200)))
}

function checkpoint(n: number, parentTag: string | null, facts: Partial<CheckpointRow> = {}): CheckpointRow {
  return {
    partnershipId: PARTNERSHIP.partnershipId,
    n,
    tag: randomHex(),
    parentTag,
    cut: 0,
    isPresented: false,
    collections: { notes: { complete: true } },
    settleAt: 0,
    isSettled: true,
    digest: null,
    sent: 0,
    requestId: REQUEST.requestId,
    createdAtMs: 3,
    ...facts,
  }
}

/** Writes into every table. */
async function fillEverything(tx: StorageTransaction): Promise<void> {
  const { head } = await tx.lockSpace()
  const rows = [put(head + 1, 'b', '1'), put(head + 2, 'a', null)]
  await tx.appendChanges(head === 0 ? [...rows, put(3, 'c', '1')] : rows, {
    notes: { count: 1, sum: '0000000000000001' },
  })
  await tx.putPartnership(PARTNERSHIP)
  await tx.insertCheckpoint(checkpoint(1, null))
  await tx.putRequest(PARTNERSHIP.partnershipId, REQUEST, 64)
  await tx.insertOutcome(OUTCOME)
  await tx.putForgotten({ account: ANN, originId: PARTNERSHIP.partnershipId, numbers: '4' })
  await tx.noteRestoreSeen(1)
}

/** Everything that is stored of the space. */
function dump(storage: PartnerStorage): Promise<unknown> {
  return storage.read(SPACE, async (tx) => ({
    space: await tx.getSpace(),
    records: await tx.listRecords('notes', null, anyBytes(100)),
    log: await tx.listLog(0, 100, anyBytes(100)),
    partnerships: await tx.listPartnerships(null),
    checkpoints: await tx.listCheckpoints(PARTNERSHIP.partnershipId),
    request: await tx.getRequest(PARTNERSHIP.partnershipId, REQUEST.requestId),
    outcome: await tx.getOutcome(ANN, OUTCOME_ID),
    forgotten: await tx.getForgotten(ANN, PARTNERSHIP.partnershipId),
  }))
}

function compareUtf8(a: string, b: string): number {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)]
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
