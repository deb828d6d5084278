import { check, checkEqual, checkRejects } from './check.ts'
import { type StoreTest, note, notesOf, sendable } from './device.ts'

/** Local writes. */
export const WRITE_TESTS: readonly StoreTest[] = [
  {
    name: 'a local write is seen at once, is in the outbox, and survives reopening',
    async run(bench) {
      const store = await bench.open()
      const id = await bench.write(store, note.insert('a', { text: 'one' }))
      checkEqual(await store.get('notes', 'a'), { id: 'a', text: 'one' }, 'the record')
      await store.close()
      const again = await bench.open()
      checkEqual(await again.get('notes', 'a'), { id: 'a', text: 'one' }, 'the record after reopening')
      checkEqual(
        (await sendable(again)).map((m) => [m.mutationId, m.order]),
        [[id, 1]],
        'the outbox',
      )
      checkEqual(await again.readStage(id), 'stored', 'its stage')
    },
  },
  {
    name: 'a mutation of several records is stored as a whole or not at all',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', text: 'there' })
      const failing = bench.write(store, note.insert('b'), note.patch('a', { text: 'new' }), note.insert('a'))
      checkEqual(await checkRejects(failing, 'record-exists', 'the insert'), '/2', 'the path')
      checkEqual(await notesOf(store), [{ id: 'a', text: 'there' }], 'the records')
      checkEqual((await store.readSummary()).counts.pending, 0, 'pending')
    },
  },
  {
    name: 'operations of one mutation see each other',
    async run(bench) {
      const store = await bench.openSynced()
      const id = await bench.write(
        store,
        note.insert('a', { n: 1 }),
        note.patch('a', { m: 2 }),
        note.delete('a'),
        note.insert('a', { n: 3 }),
      )
      checkEqual(await notesOf(store), [{ id: 'a', n: 3 }], 'the records')
      const [mutation] = await sendable(store)
      const facts = mutation?.ops.map((op) => [op.op, op.base, op.baseMutation])
      checkEqual(
        facts,
        [
          ['insert', null, undefined],
          ['patch', null, id],
          ['delete', null, id],
          ['insert', null, undefined],
        ],
        'bases',
      )
    },
  },
  {
    name: 'an operation names the version and the mutation on which it was made',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      const colleague = bench.mutationId()
      bench.feed.put('notes', { id: 'a', n: 1 }, colleague)
      await bench.commit(store, bench.feed.page())
      const first = await bench.write(store, note.patch('a', { n: 2 }))
      await bench.write(store, note.delete('a'))
      const [patch, remove] = await sendable(store)
      checkEqual(patch?.ops[0]?.baseMutation, colleague, 'made on the colleague’s mutation')
      checkEqual(remove?.ops[0]?.baseMutation, first, 'made on the own pending mutation')
      checkEqual(remove?.ops[0]?.base, patch?.ops[0]?.base, 'made on the same confirmed version')
      check(typeof patch?.ops[0]?.base === 'string', 'a version')
    },
  },
  {
    name: 'what an own pending put hides was not seen: whatever is made on it is made on the version of the put',
    async run(bench) {
      bench.feed.put('places', { id: 'p', a: 1 })
      const store = await bench.openSynced()
      const place = { collection: 'places', id: 'p' }
      const first = await bench.write(store, { op: 'put', ...place, value: { id: 'p', a: 2 } })
      bench.feed.put('places', { id: 'p', a: 1, b: 'a colleague’s' }, bench.mutationId())
      await bench.commit(store, bench.feed.page())
      checkEqual(await store.get('places', 'p'), { id: 'p', a: 2 }, 'the view hides the colleague’s edit')
      await bench.write(store, { op: 'put', ...place, value: { id: 'p', a: 3 } })
      await store.close()
      const again = await bench.open()
      await bench.write(again, { op: 'patch', ...place, value: { a: 4 } })
      await bench.write(again, { op: 'delete', ...place })
      const ops = (await sendable(again)).flatMap((mutation) => mutation.ops)
      const seen = ops[0]?.base
      check(typeof seen === 'string', 'a version')
      checkEqual(
        ops.map(({ base }) => base),
        [seen, seen, seen, seen],
        'the bases',
      )
      checkEqual(ops[1]?.baseMutation, first, 'made on the own pending mutation')
    },
  },
  {
    name: 'an own patch hides nothing: what is made on it has seen the confirmed version',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      await bench.write(store, note.patch('a', { n: 1 }))
      bench.feed.put('notes', { id: 'a', n: 0, m: 'a colleague’s' }, bench.mutationId())
      await bench.commit(store, bench.feed.page())
      checkEqual(await store.get('notes', 'a'), { id: 'a', n: 1, m: 'a colleague’s' }, 'the view')
      await bench.write(store, note.patch('a', { n: 2 }))
      const [first, second] = (await sendable(store)).flatMap((mutation) => mutation.ops)
      check(first?.base !== second?.base, 'made on the newer version')
    },
  },
  {
    name: 'a put on a known record travels as a patch of what changed, where the collection merges',
    async run(bench) {
      bench.feed.put('places', { id: 'p', a: 1, b: 2 })
      const store = await bench.openSynced({ id: 'a', text: 'x', old: 1, deep: { k: 1, l: 2 } })
      await bench.write(store, note.put('a', { text: 'x', deep: { k: 1, l: 3 } }))
      await bench.write(store, note.put('a', { text: null }))
      await bench.write(store, note.put('new', { text: 'x' }))
      await bench.write(store, { op: 'put', collection: 'places', id: 'p', value: { id: 'p', a: 1 } })
      const ops = (await sendable(store)).flatMap((mutation) => mutation.ops)
      const facts = ops.map((op) => [
        op.op,
        op.op === 'delete' ? null : op.value,
        op.op === 'patch' ? op.removed : null,
      ])
      checkEqual(
        facts,
        [
          ['patch', { deep: { l: 3 } }, ['/old']],
          ['patch', { text: null }, ['/deep']],
          ['put', { id: 'new', text: 'x' }, null],
          ['put', { id: 'p', a: 1 }, null],
        ],
        'as they travel',
      )
      checkEqual(await store.get('notes', 'a'), { id: 'a', text: null }, 'the record')
    },
  },
  {
    name: 'a put on a record that an own pending mutation deleted makes it anew',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      await bench.write(store, note.delete('a'))
      await bench.write(store, note.put('a', { n: 1 }))
      const put = (await sendable(store))[1]?.ops[0]
      checkEqual([put?.op, put?.base, put?.baseMutation], ['put', null, undefined], 'without a base')
    },
  },
  {
    name: 'values outside the value domain are refused with their path, and nothing is stored',
    async run(bench) {
      const store = await bench.openSynced()
      const bad = { id: 'b', deep: [0, { x: Number.NaN }] }
      const path = await checkRejects(
        bench.write(store, note.insert('a'), { ...note.insert('b'), value: bad } as never),
        'invalid-value',
        'NaN',
      )
      checkEqual(path, '/1/value/deep/1/x', 'the path')
      await checkRejects(bench.write(store, note.insert('\ud800')), 'invalid-id', 'a lone surrogate')
      await checkRejects(bench.write(store, note.insert('')), 'invalid-id', 'an empty id')
      await checkRejects(bench.write(store), 'invalid-mutation', 'no operation')
      await checkRejects(
        bench.write(store, ...Array.from({ length: 1_001 }, (_, n) => note.insert(`${n}`))),
        'invalid-mutation',
        'too many',
      )
      await checkRejects(
        bench.write(store, { ...note.insert('a'), collection: 'nowhere' }),
        'unknown-collection',
        'a collection',
      )
      await checkRejects(
        bench.write(store, { ...note.insert('a'), value: { id: 'b' } } as never),
        'invalid-value',
        'another id',
      )
      await checkRejects(
        bench.write(store, note.insert('a', { text: 'x'.repeat(300_000) })),
        'invalid-value',
        'too large',
      )
      await checkRejects(store.write('not a uuid', [note.insert('a')]), 'invalid-mutation', 'its id')
      checkEqual(await notesOf(store), [], 'the records')
      checkEqual((await store.readSummary()).counts.pending, 0, 'pending')
    },
  },
  {
    name: 'what reads back is what was written: −0 is 0, undefined fields are left out, strange names are harmless',
    async run(bench) {
      const store = await bench.openSynced()
      const value = JSON.parse('{"id":"a","__proto__":{"x":1},"constructor":1,"length":2,"then":null}') as never
      await bench.write(store, { op: 'insert', collection: 'notes', id: 'a', value })
      await bench.write(store, {
        op: 'insert',
        collection: 'notes',
        id: 'b',
        value: { id: 'b', zero: -0, no: undefined } as never,
      })
      checkEqual(JSON.stringify(await store.get('notes', 'a')), JSON.stringify(value), 'strange names')
      const b = await store.get('notes', 'b')
      check(Object.is(b?.['zero'], 0) && !('no' in (b ?? {})), 'normalised')
    },
  },
  {
    name: 'a patch or delete of what is not there fails: not-loaded during the first sync, record-missing after it',
    async run(bench) {
      const store = await bench.open()
      await checkRejects(bench.write(store, note.patch('a', { n: 1 })), 'not-loaded', 'a patch')
      await checkRejects(bench.write(store, note.delete('a')), 'not-loaded', 'a delete')
      await bench.write(store, note.insert('own'))
      await bench.write(store, note.delete('own'))
      await checkRejects(bench.write(store, note.delete('own')), 'record-missing', 'an own record that is gone')
      for (const page of bench.feed.snapshot()) await bench.commit(store, page)
      await checkRejects(bench.write(store, note.patch('a', { n: 1 })), 'record-missing', 'a patch after the sync')
    },
  },
  {
    name: 'a mutation written twice takes effect once',
    async run(bench) {
      const store = await bench.openSynced()
      const id = await bench.write(store, note.insert('a', { n: 1 }))
      await store.write(id, [note.insert('a', { n: 1 })])
      checkEqual((await store.readSummary()).counts.pending, 1, 'pending')
      await bench.exchange(store, { durable: 99 })
      await store.write(id, [note.insert('a', { n: 1 })])
      checkEqual(
        [(await store.readSummary()).counts.pending, await store.readStage(id)],
        [0, 'durable'],
        'after it was durable',
      )
    },
  },
  {
    name: 'each transaction that changed something is followed by one notice',
    async run(bench) {
      const store = await bench.openSynced()
      bench.notices.length = 0
      const id = await bench.write(store, note.insert('a'))
      const records = [{ collection: 'notes', id: 'a', value: { id: 'a' } }]
      checkEqual(
        bench.notices,
        [{ collections: ['notes'], records, mutations: [{ mutationId: id, stage: 'stored' }], hasNewWrites: true }],
        'of a write',
      )
      bench.notices.length = 0
      await bench.exchange(store)
      checkEqual(
        bench.notices,
        [{ collections: ['notes'], records, mutations: [{ mutationId: id, stage: 'accepted' }], hasNewWrites: false }],
        'of a page',
      )
      bench.notices.length = 0
      await checkRejects(bench.write(store, note.insert('a')), 'record-exists', 'a failing write')
      await notesOf(store)
      checkEqual(bench.notices, [], 'of nothing')
    },
  },
  {
    name: 'writes made at once are few transactions in their order, they see each other, and one that does not fit fails alone',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', n: 0 })
      bench.notices.length = 0
      const ids = Array.from({ length: 1_200 }, () => bench.mutationId())
      const results = await Promise.allSettled(
        ids.map((id, n) => {
          if (n % 100 === 50) return store.write(id, [note.insert('a')])
          return store.write(id, [n % 2 === 0 ? note.put(`n${n}`, { n }) : note.patch(`n${n - 1}`, { more: n })])
        }),
      )
      const failed = results.flatMap((result, n) => (result.status === 'rejected' ? [n] : []))
      // What was to be patched after it is not there either.
      checkEqual(
        failed,
        ids.flatMap((_, n) => (n % 100 === 50 || n % 100 === 51 ? [n] : [])),
        'those that failed',
      )
      const sent = await store.readOutbox({ mutations: 2_000, bytes: 1e9 })
      checkEqual(
        sent.map(({ mutationId }) => mutationId),
        ids.filter((_, n) => !failed.includes(n)),
        'the order',
      )
      checkEqual(await store.get('notes', 'n0'), { id: 'n0', n: 0, more: 1 }, 'a record that two of them wrote')
      checkEqual(bench.notices.length < 10, true, `few transactions (${bench.notices.length})`)
      await Promise.all([store.write(ids[0]!, [note.delete('a')]), store.write(ids[1]!, [note.delete('a')])])
      checkEqual(await store.get('notes', 'a'), { id: 'a', n: 0 }, 'a repeat does nothing')
    },
  },
]
