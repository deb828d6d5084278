import type { PlantedBug } from './planted-bug.ts'
import { PAGE_THAT_ENDS_WITH_ITS_COLLECTION, UNCHECKED_LOG } from './shared-patches.ts'

const STORE = 'web-sync/src/store'
const STORAGE = 'web-sync-server/src/storage'

/** Bugs of the kinds that were found by others than the simulator, each a brother of one that this project had. */
export const KIND_BUGS: readonly PlantedBug[] = [
  {
    name: 'order-by-wall-clock',
    invariant: 'S7',
    claims: [13],
    needs: ['two writes', 'the clock is put back between them'],
    source: 'issue of 30 faults, kind 10: wall clock as a sequence',
    patches: [
      {
        file: `${STORE}/write-local.ts`,
        find: 'putMutation(tx, context, sync, nextOrder, mutationId, prepared)',
        replace: 'putMutation(tx, context, sync, context.nowMs() * 100 + (nextOrder % 100), mutationId, prepared)',
      },
    ],
  },
  {
    name: 'page-that-ends-with-its-collection',
    invariant: 'S11',
    claims: [4],
    needs: ['a snapshot page that has no room for the last record of a collection'],
    source: 'decision 0022: a cache or a page judged complete by its size',
    patches: PAGE_THAT_ENDS_WITH_ITS_COLLECTION,
  },
  {
    name: 'hole-in-the-log',
    invariant: 'S11',
    claims: [1],
    needs: ['a page of several log rows'],
    source: 'decision 0022: a page skipped committed changes, and the key moved past them',
    patches: [
      UNCHECKED_LOG,
      {
        file: `${STORAGE}/memory-reader.ts`,
        find: '      if (row === undefined) continue\n',
        replace: '      if (row === undefined || (rows.length > 0 && number < row.txEnd)) continue\n',
      },
    ],
  },
  {
    name: 'other-collections-left-out-before-the-check',
    invariant: 'L1',
    claims: [1],
    needs: ['a device whose app knows fewer collections', 'changes of the others'],
    source: 'decision 0022: it is checked before collections are left out',
    patches: [
      {
        file: `${STORAGE}/memory-reader.ts`,
        find: '      if (row === undefined) continue\n',
        replace: '      if (row === undefined || collections?.includes(row.collection) === false) continue\n',
      },
    ],
  },
  {
    name: 'packs-of-another-context-not-read-anew',
    invariant: 'S11',
    claims: [14],
    needs: ['two contexts of a device store pages in turns'],
    source: 'issue of 30 faults, kind 3: a cache judged complete because it is there',
    patches: [
      {
        file: `${STORE}/packed/pack-cache.ts`,
        find: 'if (this.#state !== state) {',
        replace: 'if (this.#state === null && this.#layers.size < 0) {',
      },
    ],
  },
  {
    name: 'fork-takes-what-waits-for-sent',
    invariant: 'S2',
    claims: [3, 12],
    needs: ['a device goes on as a fork with writes that wait'],
    source: 'issue of 30 faults, kind 4: absence of evidence read as success',
    patches: [
      {
        file: `${STORE}/page-steps.ts`,
        find: '  const facts = { partnershipId, n: page.key.n, step: moved.step, acceptedAge }\n',
        replace:
          "  const facts = { partnershipId, n: page.key.n, step: moved.step, acceptedAge }\n  if (received.forkedReplicaId !== null) tx.clear('outbox')\n",
      },
    ],
  },
  {
    name: 'refused-and-not-listed',
    invariant: 'S1',
    claims: [12],
    needs: ['the partner refuses a write'],
    source: 'decision 0024: whatever makes a mutation leave the store leaves a trace',
    patches: [
      {
        file: `${STORE}/apply-outcomes.ts`,
        find: "      notice.stage(mutationId, 'refused')\n",
        replace: "      tx.delete('refused', order)\n      notice.stage(mutationId, 'refused')\n",
      },
    ],
  },
  {
    name: 'refused-not-counted-at-a-sign-out',
    invariant: 'S2',
    claims: [10],
    needs: ['a refused write that nobody has dealt with', 'a sign-out'],
    worlds: ['sign-out'],
    source: 'issue of 30 faults, kind 5: one outbox of one database was counted',
    patches: [
      {
        file: `${STORE}/unsent-rows.ts`,
        find: 'const unsent = outbox + refused + salvaged',
        replace: 'const unsent = outbox + refused * 0 + salvaged',
      },
    ],
  },
  {
    name: 'null-in-a-patch-removes',
    invariant: 'S19',
    claims: [16],
    needs: ['a patch that sets a field to null'],
    worlds: ['nulls'],
    source: 'decision 0021; RFC 7396',
    patches: [
      {
        file: 'web-sync-protocol/src/patch.ts',
        find: '    setField(result, field, merge(getField(target, field), value[field] as JsonValue))\n',
        replace:
          '    if (value[field] === null) delete result[field]\n    else setField(result, field, merge(getField(target, field), value[field] as JsonValue))\n',
      },
    ],
  },
]
