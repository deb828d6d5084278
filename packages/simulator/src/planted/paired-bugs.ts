import type { PlantedBug } from './planted-bug.ts'

const STORE = 'web-sync/src/store'

/** Takes the rows of a store out in one transaction and brings them back in the next, before `work`. */
const inTwoSteps = (rows: 'outbox' | 'journal', work: string): string => `{
      const taken = await run.write('strict', async (tx) => {
        const list = await tx.list('${rows}', { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: 1_000 })
        tx.clear('${rows}')
        return list
      })
      await run.write('strict', async (tx) => {
        for (const row of taken) tx.put('${rows}', row)
      })
      return ${work}
    },`

/** Deletes from the outbox what was set aside. */
const dropAside = `for (const row of await tx.list('outbox', { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: 1_000 }))
    if (row.setAside !== null) tx.delete('outbox', row.order)
  `

/** Bugs that one fault alone does not show: tests with one fault at a time are green with them. */
export const PAIRED_BUGS: readonly PlantedBug[] = [
  {
    name: 'fork-forgets-the-journal-of-its-parent',
    invariant: 'S15',
    claims: [6, 12],
    needs: ['a device goes on as a fork', 'the partner is restored to before what its parent had sent'],
    together: ['set back', 'restore'],
    source:
      'protocol.md section 6, rule 3: a journal entry remembers the partnership of the page that brought its outcome',
    patches: [
      {
        file: `${STORE}/journal.ts`,
        find: 'const returned = rows.map(',
        replace: 'const returned = rows.filter((row) => row.partnershipId === sync.partnershipId).map(',
      },
    ],
  },
  {
    name: 'resync-drops-what-was-set-aside',
    invariant: 'S13',
    claims: [10],
    needs: ['a proxy refuses a mutation for its size', 'a full resync'],
    together: ['refusing', 'wipe'],
    source: 'protocol.md section 6, rule 9',
    patches: [
      {
        file: `${STORE}/resync.ts`,
        find: 'const old: OldGeneration = { generation: before.generation,',
        replace: `${dropAside}const old: OldGeneration = { generation: before.generation,`,
      },
    ],
  },
  {
    name: 'rollback-drops-what-was-set-aside',
    invariant: 'S13',
    claims: [6],
    needs: ['one mutation always fails', 'a rollback'],
    together: ['poison', 'restore'],
    source: 'protocol.md section 6, rule 9',
    patches: [
      {
        file: `${STORE}/roll-back.ts`,
        find: 'const limited = await dropUnrepeatable(tx, sync, context.nowMs(), target.step, notice)',
        replace: `${dropAside}const limited = await dropUnrepeatable(tx, sync, context.nowMs(), target.step, notice)`,
      },
    ],
  },
  {
    name: 'rollback-keeps-what-a-newer-schema-added',
    invariant: 'S11',
    claims: [6, 15],
    needs: ['a new version of the app adds a collection', 'the partner is restored to before it'],
    together: ['schema', 'restore'],
    source: 'a bug that this simulation found: regressions/rollback-before-an-upgrade.json',
    patches: [
      {
        file: `${STORE}/roll-back.ts`,
        find: 'if (added.includes(image[0])) continue',
        replace: '',
      },
    ],
  },
  {
    name: 'outbox-moved-in-two-transactions',
    invariant: 'S13',
    claims: [10, 15],
    needs: ['a full resync begins', 'the process dies in the middle'],
    together: ['wipe', 'kill'],
    source: 'house law 1; the request queue of workbox-background-sync takes out first and puts back on failure',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: `beginResync: (fence, reset, cause) =>
      run.write('strict', (tx, notice) => beginResync(tx, context, fence, reset, cause, notice)),`,
        replace: `beginResync: async (fence, reset, cause) => ${inTwoSteps('outbox', "run.write('strict', (tx, notice) => beginResync(tx, context, fence, reset, cause, notice))")}`,
      },
    ],
  },
  {
    name: 'journal-moved-in-two-transactions',
    invariant: 'S15',
    claims: [6, 15],
    needs: ['a rollback', 'the process dies in the middle'],
    together: ['restore', 'kill'],
    source: 'protocol.md section 6, rule 4: a rollback is one transaction',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: "rollBack: (fence, to) => run.write('strict', (tx, notice) => rollBack(tx, context, fence, to, notice)),",
        replace: `rollBack: async (fence, to) => ${inTwoSteps('journal', "run.write('strict', (tx, notice) => rollBack(tx, context, fence, to, notice))")}`,
      },
    ],
  },
  {
    name: 'journal-taken-out-before-the-flip',
    invariant: 'S15',
    claims: [5, 15],
    needs: ['a full resync flips', 'the platform aborts a transaction'],
    together: ['wipe', 'disk full'],
    source: 'protocol.md section 6, rule 5: one transaction flips, sets the key and re-applies the journal',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: 'const work = run.write(durability, (tx, notice) => commitPage(tx, context, fence, received, notice))',
        replace: `const applied = async () => run.write(durability, (tx, notice) => commitPage(tx, context, fence, received, notice))
      const work = !fence.isResync || !received.page.settled ? applied() : (async () => ${inTwoSteps('journal', 'applied()').slice(0, -1)})()`,
      },
    ],
  },
  {
    name: 'access-removed-in-two-transactions',
    invariant: 'S1',
    claims: [14],
    needs: ['access ends while writes wait', 'the process dies in the middle'],
    together: ['access', 'kill'],
    source: 'protocol.md section 6, rule 8: outbox and journal stay as refused entries',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: "removeAccess: (fence) => run.write('strict', (tx, notice) => removeAccess(tx, context, fence, notice)),",
        replace: `removeAccess: async (fence) => ${inTwoSteps('outbox', "run.write('strict', (tx, notice) => removeAccess(tx, context, fence, notice))")}`,
      },
    ],
  },
  {
    name: 'outbox-taken-out-before-a-rollback',
    invariant: 'S13',
    claims: [6, 10],
    needs: ['a rollback with pending writes', 'the platform aborts a transaction'],
    together: ['restore', 'disk full'],
    source: 'protocol.md section 6, rule 4: a rollback is one transaction',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: "rollBack: (fence, to) => run.write('strict', (tx, notice) => rollBack(tx, context, fence, to, notice)),",
        replace: `rollBack: async (fence, to) => ${inTwoSteps('outbox', "run.write('strict', (tx, notice) => rollBack(tx, context, fence, to, notice))")}`,
      },
    ],
  },
  {
    name: 'durable-a-little-too-far',
    invariant: 'S15',
    claims: [5],
    needs: ['a backup is confirmed', 'writes are accepted after it', 'the partner is restored'],
    together: ['durable', 'restore'],
    source: 'protocol.md section 6, rule 3: durable is what is known to survive, not what was committed by then',
    patches: [
      {
        file: 'web-sync-server/src/storage/memory-reader.ts',
        find: 'row.isPresented && row.cut <= durableHead',
        replace: 'row.isPresented && durableHead > 0 && row.cut <= durableHead + 3',
      },
    ],
  },
]
