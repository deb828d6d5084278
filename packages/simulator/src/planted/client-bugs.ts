import type { PlantedBug } from './planted-bug.ts'

const STORE = 'web-sync/src/store'

/** Bugs of the side that asks. */
export const CLIENT_BUGS: readonly PlantedBug[] = [
  {
    name: 'ack-before-commit',
    invariant: 'S1',
    claims: [5],
    needs: ['a local write', 'the platform aborts its transaction'],
    source: 'reliability.md section 1: ack before commit; house law 1',
    patches: [
      {
        file: `${STORE}/create-store.ts`,
        find: 'await writeGrouped(mutationId, checked)',
        replace: 'writeGrouped(mutationId, checked).catch(() => undefined)',
      },
    ],
  },
  {
    name: 'local-writes-not-strict',
    invariant: 'S1',
    claims: [8],
    needs: ['a local write', 'the power fails'],
    source: 'protocol.md section 6: strict durability for local writes; Chromium’s relaxed default since 2023',
    patches: [
      {
        file: `${STORE}/group-writes.ts`,
        find: "await run.write('strict', async (tx, notice) => {",
        replace: "await run.write('relaxed', async (tx, notice) => {",
      },
    ],
  },
  {
    name: 'delete-before-acknowledge',
    invariant: 'S2',
    claims: [12],
    needs: ['mutations are sent', 'the request is lost'],
    source: 'reliability.md: delete before acknowledge; the queue of workbox-background-sync',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: 'readOutbox: (limit) => run.read((tx) => readSendable(tx, limit)),',
        replace: `readOutbox: (limit) => run.write('strict', async (tx) => {
      const mutations = await readSendable(tx, limit)
      if (limit.mutations > 1) for (const { order } of mutations) tx.delete('outbox', order)
      return mutations
    }),`,
      },
    ],
  },
  {
    name: 'journal-dropped-when-accepted',
    invariant: 'S15',
    claims: [10],
    needs: ['a write is accepted', 'the partner is restored to before it'],
    source: 'ownCloud core #11621: after a restore from backup clients never upload again what the server lost',
    patches: [
      {
        file: `${STORE}/page-steps.ts`,
        find: 'dropDurable(tx, answered.sync, durable, notice)',
        replace: 'dropDurable(tx, answered.sync, durable + page.key.n, notice)',
      },
    ],
  },
  {
    name: 'rollback-without-replay',
    invariant: 'S15',
    claims: [6, 10, 11],
    needs: ['a write is accepted', 'the partner is restored', 'a rollback finds a common checkpoint'],
    source: 'protocol.md section 6, rule 4; couchbase-lite-core #453',
    patches: [
      {
        file: `${STORE}/roll-back.ts`,
        find: 'returnJournal(tx, limited, target.step, notice)',
        replace: 'returnJournal(tx, limited, Number.MAX_SAFE_INTEGER - 1, notice)',
      },
    ],
  },
  {
    name: 'resync-without-replay',
    invariant: 'S15',
    claims: [4, 11],
    needs: ['a write is accepted', 'the partner is wiped or restored', 'nothing in common is left'],
    source: 'Zero, LiveStore by default: the client is reset together with what it knows',
    patches: [
      {
        file: `${STORE}/resync.ts`,
        find: 'returnJournal(tx, limited, null, notice)',
        replace: 'returnJournal(tx, limited, Number.MAX_SAFE_INTEGER - 1, notice)',
      },
    ],
  },
  {
    name: 'resync-drops-outbox',
    invariant: 'S13',
    claims: [10],
    needs: ['pending writes', 'a full resync'],
    source: 'Android Exchange: a folder reset drops what was not sent',
    patches: [
      {
        file: `${STORE}/resync.ts`,
        find: '  clearUndo(tx)\n',
        replace: "  clearUndo(tx)\n  tx.clear('outbox')\n",
      },
    ],
  },
  {
    name: 'newest-pre-image-wins',
    invariant: 'S12',
    claims: [6],
    needs: ['a record changes in two steps', 'the partner is restored to before both'],
    source: 'protocol.md section 6, rule 4: where both name a record the older image wins',
    patches: [
      {
        file: `${STORE}/undo.ts`,
        find: `  for (const image of newer) merged.set(imageName(image), image)
  for (const image of older) merged.set(imageName(image), image)`,
        replace: `  for (const image of older) merged.set(imageName(image), image)
  for (const image of newer) merged.set(imageName(image), image)`,
      },
      {
        file: `${STORE}/roll-back.ts`,
        find: 'return isSameDigest(digest.build(), target.digest, target.collections)',
        replace: 'return digest !== null || isSameDigest(digest.build(), target.digest, target.collections)',
      },
    ],
  },
  {
    name: 'no-fence',
    invariant: 'S21',
    claims: [5, 14],
    needs: ['two contexts run at once', 'both were answered'],
    source: 'protocol.md section 6, rule 2; pubkey/rxdb #3394',
    patches: [
      {
        file: `${STORE}/sync-row.ts`,
        find: `    own.partnershipId === fence.partnershipId &&
    isSameKey(own.key, fence.key)`,
        replace:
          '    (own.partnershipId === fence.partnershipId || !isSameKey(own.key, fence.key) || own.key !== null)',
      },
    ],
  },
  {
    name: 'key-before-data',
    invariant: 'S11',
    claims: [15, 17],
    needs: ['a page with changes', 'the process dies between two transactions'],
    source: 'reliability.md: checkpoint before data; medic/cht-core #8093',
    patches: [
      {
        file: `${STORE}/create-sync-store.ts`,
        find: '      const work = run.write(durability, (tx, notice) => commitPage(tx, context, fence, received, notice))',
        replace: `      let own = fence
      if (!fence.isResync) {
        const { key } = received.page
        const { partnershipId } = received
        await run.write('strict', async (tx) => {
          const sync = await readSync(tx)
          if (sync.resync !== null || sync.partnershipId !== fence.partnershipId) return
          if (JSON.stringify(sync.syncKey) !== JSON.stringify(fence.key)) return
          tx.put('meta', { ...sync, partnershipId, syncKey: key, isSettled: received.page.settled, step: sync.nextStep, nextStep: sync.nextStep + 1 })
          own = { ...fence, key, partnershipId }
        })
      }
      const work = run.write(durability, (tx, notice) => commitPage(tx, context, own, received, notice))`,
      },
    ],
  },
  {
    name: 'overlay-not-rebased',
    invariant: 'S5',
    claims: [1],
    needs: ['a pending write', 'another device’s write to the same record'],
    source: 'protocol.md section 6, rule 2: pending rebased in the page’s transaction',
    patches: [
      {
        file: `${STORE}/commit-page.ts`,
        find: '  await rebaseOverlay(tx, context, sync.generation, records, notice)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'deletes-skipped-and-digest-unchecked',
    invariant: 'S5',
    claims: [15, 16],
    needs: ['a record is deleted elsewhere', 'no digest is compared'],
    source: 'tursodatabase/turso #8129: a client diverges without a word',
    patches: [
      {
        file: `${STORE}/apply-changes.ts`,
        find: '    const name = nameToText(change)\n    const earlier',
        replace: "    const name = nameToText(change)\n    if (change.type === 'delete') continue\n    const earlier",
      },
      {
        file: `${STORE}/page-steps.ts`,
        find: 'if (!page.settled || page.digest === null) return',
        replace: 'if (page !== null || digest !== null) return',
      },
    ],
  },
  {
    name: 'view-without-own-writes',
    invariant: 'S8',
    claims: [8],
    needs: ['a local write'],
    source: 'invariants.md S8: read your writes',
    patches: [
      {
        file: `${STORE}/write-local.ts`,
        find: '  if (overlay !== undefined) return overlay.value\n',
        replace: '  if (overlay?.value === undefined && overlay !== undefined) return overlay.value\n',
      },
    ],
  },
  {
    name: 'newest-first',
    invariant: 'S7',
    claims: [13],
    needs: ['two writes wait at once'],
    source: 'invariants.md S7; queues that are sent from their end',
    patches: [
      {
        file: `${STORE}/mutations.ts`,
        find: 'sendable.push(toMutation(row))',
        replace: 'sendable.unshift(toMutation(row))',
      },
    ],
  },
  {
    name: 'old-code-writes-new-store',
    invariant: 'S22',
    claims: [14],
    needs: ['a new version of the app', 'a tab of the old one'],
    source: 'invariants.md S22',
    patches: [
      {
        file: `${STORE}/sync-row.ts`,
        find: 'if (sync.schemaVersion > context.schema.version) {',
        replace: 'if (sync.schemaVersion > context.schema.version + 1) {',
      },
    ],
  },
  {
    name: 'store-opens-for-anybody',
    invariant: 'S23',
    claims: [3],
    needs: ['a second sign-in'],
    source: 'invariants.md S23',
    patches: [
      {
        file: `${STORE}/sync-row.ts`,
        find: 'if (hashStoreId(sync) !== hashStoreId(idOf(context))) {',
        replace: 'if (sync.space !== context.space) {',
      },
    ],
  },
  {
    name: 'duplicates-ignored',
    invariant: 'L1',
    claims: [12],
    needs: ['the response with the outcome is lost', 'the repeat answers duplicate'],
    source: 'protocol.md section 5, K2; PowerSync under Jepsen: stuck queues',
    patches: [
      {
        file: `${STORE}/apply-outcomes.ts`,
        find: "for (const outcome of outcomes) if (outcome.type !== 'later') answered",
        replace: "for (const outcome of outcomes) if (outcome.type !== 'later' && !outcome.duplicate) answered",
      },
    ],
  },
  {
    name: 'search-never-ends',
    invariant: 'L2',
    claims: [14],
    needs: ['one mutation always fails', 'others wait behind it'],
    source: 'protocol.md section 6, rule 7; head-of-line blocking of upload queues',
    patches: [
      {
        file: 'web-sync-protocol/src/initiator/state.ts',
        find: 'export const MAX_SAME_ASK_FAILURES = 3',
        replace: 'export const MAX_SAME_ASK_FAILURES = 1_000',
      },
    ],
  },
  {
    name: 'old-generation-stays',
    invariant: 'L6',
    claims: [4],
    needs: ['a full resync'],
    source: 'invariants.md L6',
    patches: [
      {
        file: `${STORE}/tidy.ts`,
        find: "  if (after === null) tx.deleteRange('base', prefixRange(old.generation))\n",
        replace: '',
      },
    ],
  },
]
