import type { PlantedBug } from './planted-bug.ts'

const ENGINE = 'web-sync-server/src/engine'
const PROTOCOL = 'web-sync-protocol/src'

/** Bugs of the side that answers, and of what both share. */
export const PARTNER_BUGS: readonly PlantedBug[] = [
  {
    name: 'checkpoint-ahead-of-its-page',
    invariant: 'S11',
    claims: [1],
    needs: ['a page that does not carry all', 'the stream ends before the next'],
    source: 'reliability.md: checkpoint before data; one cursor for the whole stream',
    patches: [
      {
        file: `${ENGINE}/log-page.ts`,
        find: 'to: { ...from, cut, isSettled, digest:',
        replace: 'to: { ...from, cut: space.head, isSettled, digest:',
      },
    ],
  },
  {
    name: 'snapshot-cut-at-its-end',
    invariant: 'S11',
    claims: [4],
    needs: ['a snapshot of several pages', 'a write between two of them'],
    source: 'protocol.md section 4: the head when the first page was read is the cut',
    patches: [
      {
        file: `${ENGINE}/next-page.ts`,
        find: 'to: { cut: from.cut, collections',
        replace: 'to: { cut: space.head, collections',
      },
      {
        file: `${ENGINE}/next-page.ts`,
        find: 'const isSettled = isWhole && from.cut >= space.head',
        replace: 'const isSettled = isWhole && space.head >= from.cut',
      },
    ],
  },
  {
    name: 'no-tag',
    invariant: 'S14',
    claims: [2, 6],
    needs: ['a restore', 'new writes until the number is reached again'],
    source: 'protocol.md section 1: same number is not same history; CouchDB-style integer checkpoints',
    patches: [
      {
        file: 'web-sync-server/src/storage/memory-reader.ts',
        find: 'find((row) => row.n === n && row.tag === tag)',
        replace: 'find((row) => row.n === n && tag.length > 0)',
      },
    ],
  },
  {
    name: 'repeat-applied-again',
    invariant: 'S3',
    claims: [12],
    needs: ['the response is lost', 'somebody else writes to the record meanwhile'],
    source: 'reliability.md: retries without idempotency; at-least-once queues',
    patches: [
      {
        file: `${ENGINE}/apply-mutations.ts`,
        find: 'if (row !== null) return row.contentHash',
        replace: 'if (row !== null && row.contentHash !== contentHash) return row.contentHash',
      },
    ],
  },
  {
    name: 'reused-id-applied',
    invariant: 'S3',
    claims: [12],
    needs: ['a mutation id is used for two contents'],
    source: 'protocol.md section 4, step 2: a used id with other content is refused',
    patches: [
      {
        file: `${ENGINE}/apply-mutations.ts`,
        find: 'if (row !== null) return row.contentHash === contentHash ? duplicate(row) : idReused(mutationId)',
        replace: 'if (row !== null && row.contentHash === contentHash) return duplicate(row)',
      },
    ],
  },
  {
    name: 'merge-invents-a-field',
    invariant: 'S4',
    claims: [1],
    needs: ['two devices write to one record'],
    source: 'invariants.md S4; merge functions that leave placeholders',
    patches: [
      {
        file: `${PROTOCOL}/partner/apply-op.ts`,
        find: "if (op.op === 'patch') return applyToCurrent(op, current.value, true)",
        replace:
          "if (op.op === 'patch') return applyToCurrent({ ...op, value: { ...op.value, marks: { ...(op.value['marks'] as object), merged: true } } } as Op, current.value, true)",
      },
    ],
  },
  {
    name: 'page-cut-inside-a-mutation',
    invariant: 'S6',
    claims: [1],
    needs: ['a mutation of several records', 'a page that ends within it', 'the stream ends there'],
    source: 'protocol.md section 4: the log is read up to a transaction boundary',
    patches: [
      {
        file: `${ENGINE}/log-page.ts`,
        find: '      if (row.number !== row.txEnd) continue\n',
        replace: '',
      },
    ],
  },
  {
    name: 'number-skipped',
    invariant: 'S9',
    claims: [9, 13],
    needs: ['any exchange with news'],
    source: 'claims 9 and 13: both increment',
    patches: [
      {
        file: `${ENGINE}/send-page.ts`,
        find: 'const key: SyncKey = { n: parts.n + 1, tag',
        replace: 'const key: SyncKey = { n: parts.n + 2, tag',
      },
      {
        file: 'web-sync/src/engine/open-reply.ts',
        find: 'if (page.key.n === keyNumber(before) + 1) return true',
        replace: 'if (page.key.n === keyNumber(before) + 2) return true',
      },
    ],
  },
  {
    name: 'siblings-not-kept',
    invariant: 'S10',
    claims: [3],
    needs: ['the partner issues a checkpoint'],
    source: 'protocol.md section 5, K2: siblings stay',
    patches: [
      {
        file: `${ENGINE}/context.ts`,
        find: 'export const KEPT_SIBLINGS = 8',
        replace: 'export const KEPT_SIBLINGS = 0',
      },
    ],
  },
  {
    name: 'committed-called-durable',
    invariant: 'S15',
    claims: [5],
    needs: ['a write is accepted', 'the partner is restored to before it'],
    source: 'protocol.md section 3, durable; acknowledged writes lost on failover',
    patches: [
      {
        file: `${ENGINE}/first-page.ts`,
        find: 'return { ...answer, head: await makeHead(tx, ready, start, space.durableHead), page }\n}',
        replace: 'return { ...answer, head: await makeHead(tx, ready, start, space.head), page }\n}',
      },
    ],
  },
  {
    name: 'partnership-of-anybody',
    invariant: 'S16',
    claims: [3],
    needs: ['a key of another account'],
    source: 'reliability.md section 3: all look-ups lead with (account, space)',
    patches: [
      {
        file: 'web-sync-server/src/storage/memory-reader.ts',
        find: 'return partnership !== undefined && partnership.account === account ? partnership : null',
        replace: 'return partnership !== undefined && account !== null ? partnership : null',
      },
    ],
  },
  {
    name: 'readers-may-write',
    invariant: 'S17',
    claims: [8],
    needs: ['access is narrowed to reading', 'a write waits'],
    source: 'invariants.md S17; rights checked on the way down only',
    patches: [
      {
        file: `${ENGINE}/apply-mutation.ts`,
        find: 'if (!scope.canWrite) return',
        replace: 'if (!scope.canWrite && scope.account === PARTNER_ACCOUNT) return',
      },
    ],
  },
  {
    name: 'applied-before-the-key-is-judged',
    invariant: 'S18',
    claims: [1, 3],
    needs: ['mutations are sent', 'with a key of a lost history'],
    source: 'claim 1: an invalid key changes nothing on the partner',
    patches: [
      {
        file: `${ENGINE}/first-page.ts`,
        find: '      // The one trace that an invalid key leaves; it touches neither keys nor data.\n',
        replace:
          '      await applyMutations(context, tx, { account: ready.account, space: ready.ask.space, partnershipId: ready.ask.partnershipId, n: 0, canWrite: ready.canWrite }, ready.mutations)\n',
      },
    ],
  },
  {
    name: 'key-may-be-text',
    invariant: 'S18',
    claims: [7],
    needs: ['a malformed key'],
    source: 'claim 7: both keys are integers',
    patches: [
      {
        file: `${PROTOCOL}/wire/ids.ts`,
        find: 'return input === 0 ? INITIAL_KEY : parseSyncKey(input, path)',
        replace: "return input === 0 || typeof input === 'string' ? INITIAL_KEY : parseSyncKey(input, path)",
      },
    ],
  },
  {
    name: 'unicode-normalised',
    invariant: 'S19',
    claims: [16],
    needs: ['a value with combining characters'],
    source: 'reliability.md section 2: no Unicode normalisation; file systems that do',
    patches: [
      {
        file: `${ENGINE}/apply-mutation.ts`,
        find: 'const text = JSON.stringify(entry.current.value satisfies JsonObject)',
        replace: "const text = JSON.stringify(entry.current.value satisfies JsonObject).normalize('NFD')",
      },
    ],
  },
  {
    name: 'deletion-does-not-wait',
    invariant: 'S20',
    claims: [12],
    needs: ['the partner is restored', 'the deletion is replayed before what it deletes'],
    source: 'commit c564851 of this project: found by the simulator itself',
    patches: [
      {
        file: `${ENGINE}/stage.ts`,
        find: '\\u0000${awaiting.mutationId}`, awaiting)\n',
        replace: '\\u0000${awaiting.mutationId}`, awaiting)\n    this.#awaiting.clear()\n',
      },
    ],
  },
  {
    name: 'patch-brings-a-record-back',
    invariant: 'S20',
    claims: [1],
    needs: ['one device deletes', 'another one edits without knowing'],
    source: 'protocol.md section 7: nothing but a write that knew of the deletion brings a record back',
    patches: [
      {
        file: `${PROTOCOL}/partner/apply-op.ts`,
        find: "const isNew = op.op === 'insert' ||",
        replace: "const isNew = op.op === 'patch' || op.op === 'insert' ||",
      },
      {
        file: `${PROTOCOL}/partner/apply-op.ts`,
        find: "if (isNew) return { type: 'put', value: op.value, merged: false }",
        replace: "if (isNew) return { type: 'put', value: { id: op.id, ...op.value }, merged: false }",
      },
    ],
  },
  {
    name: 'asserted-account-believed',
    invariant: 'S23',
    claims: [3],
    needs: ['somebody else signs in', 'writes of the first wait'],
    source: 'protocol.md section 3, ask.account: a second sign-in never sends the first one’s outbox',
    patches: [
      {
        file: `${ENGINE}/answer.ts`,
        find: "if (ask.account !== account) return refuse(context, account, ask, 'account-mismatch')",
        replace: "if (ask.account === '') return refuse(context, account, ask, 'account-mismatch')",
      },
    ],
  },
  {
    name: 'floor-not-looked-at',
    invariant: 'S24',
    claims: [6],
    needs: ['a device is away', 'the log is pruned past its cut'],
    source: 'protocol.md section 5, K4: the floor is checked on every exchange',
    patches: [
      {
        file: `${ENGINE}/find-facts.ts`,
        find: 'logFloor: space.floor,',
        replace: 'logFloor: 0,',
      },
    ],
  },
  {
    name: 'checkpoints-never-thinned',
    invariant: 'L5',
    claims: [6],
    needs: ['more than 16 exchanges of one device'],
    source: 'invariants.md L5',
    patches: [
      {
        file: `${PROTOCOL}/kept.ts`,
        find: 'return n % step === 0',
        replace: 'return n >= 0 || step === 0',
      },
    ],
  },
  {
    name: 'page-limit-ignored',
    invariant: 'L7',
    claims: [],
    needs: ['a reply with a small limit'],
    source: 'invariants.md L7; protocol.md section 3, ask.limit',
    patches: [
      {
        file: `${ENGINE}/room.ts`,
        find: 'texts.length > this.left() || this.#bytes + bytes > this.#limit.bytes',
        replace: 'texts.length > this.left()',
      },
    ],
  },
  {
    name: 'history-read-for-each-operation',
    invariant: 'L7',
    claims: [],
    needs: ['bases older than the log', 'many operations on a record of many versions'],
    source: 'invariants.md L7; found by the check itself: 60 operations took 3,731 statements',
    patches: [
      {
        file: `${ENGINE}/base-age.ts`,
        find: 'this.#rows.set(number, row)',
        replace: 'this.#rows.delete(number)',
      },
    ],
  },
]
