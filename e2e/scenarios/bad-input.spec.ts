import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('bad values are refused at the local write, with code and path; nothing is stored, nothing is held up', async ({
  world,
}) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  await page.evaluate(() => app.space.addNote('good', 'before').then(() => app.space.upToDate()))

  const found = await page.evaluate(async () => {
    let deep: unknown = 'bottom'
    for (let level = 0; level < 70; level += 1) deep = { deep }
    const long = 'x'.repeat(300_000)
    const bad: readonly (readonly [string, unknown])[] = [
      ['NaN', { id: 'b', text: 't', extra: Number.NaN }],
      ['Infinity', { id: 'b', text: 't', extra: { list: [1, Infinity] } }],
      ['a lone surrogate', { id: 'b', text: 'half \uD83D' }],
      ['U+0000', { id: 'b', text: 'a\u0000b' }],
      ['a lone surrogate in a field name', { id: 'b', text: 't', '\uDC00': 1 }],
      ['a bigint', { id: 'b', text: 't', extra: 1n }],
      ['a date', { id: 'b', text: 't', when: new Date(0) }],
      ['a map', { id: 'b', text: 't', extra: new Map() }],
      ['undefined in an array', { id: 'b', text: 't', extra: [undefined] }],
      ['a function', { id: 'b', text: 't', extra: () => 1 }],
      ['too deep', { id: 'b', text: 't', extra: deep }],
      ['too large', { id: 'b', text: 't', extra: long }],
      ['not in the schema', { id: 'b', text: 7 }],
      ['not an object', 'text'],
      ['an array', [{ id: 'b', text: 't' }]],
      ['no id', { text: 't' }],
      ['an empty id', { id: '', text: 't' }],
      ['a long id', { id: 'i'.repeat(257), text: 't' }],
      ['an id with U+0000', { id: 'a\u0000', text: 't' }],
      ['an id that is a number', { id: 5, text: 't' }],
    ]
    const codes: Record<string, string> = {}
    for (const [name, value] of bad) {
      try {
        await app.space.space.collections.notes.insert(value as never)
        codes[name] = 'stored'
      } catch (error) {
        const { code, path } = error as { code?: string; path?: string }
        codes[name] = `${code ?? String(error)} ${path ?? ''}`.trim()
      }
    }
    return codes
  })
  expect(found).toEqual({
    NaN: 'invalid-value /0/value/extra',
    Infinity: 'invalid-value /0/value/extra/list/1',
    'a lone surrogate': 'invalid-value /0/value/text',
    'U+0000': 'invalid-value /0/value/text',
    'a lone surrogate in a field name': 'invalid-value /0/value/\uFFFD',
    'a bigint': 'invalid-value /0/value/extra',
    'a date': 'invalid-value /0/value/when',
    'a map': 'invalid-value /0/value/extra',
    'undefined in an array': 'invalid-value /0/value/extra/0',
    'a function': 'invalid-value /0/value/extra',
    'too deep': expect.stringMatching(/^invalid-value \/0\/value\/extra(\/deep)+$/),
    'too large': 'invalid-value /0/value',
    'not in the schema': 'invalid-value /0/value/text',
    'not an object': 'invalid-value /0/value',
    'an array': 'invalid-id /0/id',
    'no id': 'invalid-id /0/id',
    'an empty id': 'invalid-id /0/id',
    'a long id': 'invalid-id /0/id',
    'an id with U+0000': 'invalid-id /0/id',
    'an id that is a number': 'invalid-id /0/id',
  })
  const other = await page.evaluate(async () => {
    const { space } = app.space
    const code = (work: () => Promise<unknown>): Promise<string> =>
      work().then(
        () => 'stored',
        (error: { code: string }) => error.code,
      )
    return {
      'patch of nothing': await code(() => app.space.patchNote('missing', { text: 't' })),
      'second insert': await code(() => app.space.addNote('good', 'again')),
      'no operation': await code(() => space.mutate(() => undefined)),
      'too many operations': await code(() =>
        space.mutate((tx) => {
          for (let index = 0; index < 1_001; index += 1) tx.notes.insert({ id: `m${index}`, text: 't' })
        }),
      ),
      'one bad among good': await code(() =>
        space.mutate((tx) => {
          tx.notes.insert({ id: 'fine', text: 't' })
          tx.notes.insert({ id: 'bad', text: '\uD800' })
        }),
      ),
    }
  })
  expect(other).toEqual({
    'patch of nothing': 'record-missing',
    'second insert': 'record-exists',
    'no operation': 'invalid-mutation',
    'too many operations': 'invalid-mutation',
    'one bad among good': 'invalid-value',
  })

  expect(await page.evaluate(() => app.space.notes())).toEqual({ good: 'before' })
  expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 0 })
  // Names that are traps for JavaScript are plain data.
  await page.evaluate(async () => {
    const trap = JSON.parse('{"id":"then","text":"t","__proto__":{"polluted":1},"constructor":"c","length":0}') as never
    await app.space.space.collections.notes.insert(trap)
    await app.space.upToDate()
  })
  const [, trap] = await server.call('records', 'team', 'notes')
  expect(JSON.stringify(trap?.value)).toContain('"__proto__":{"polluted":1}')
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('bad asks get a typed problem with a path; nothing is stored, others are not held up', async ({ world }) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const answers = await page.evaluate(async () => {
    const id = (digit: string): string => digit.repeat(32)
    const good = {
      protocol: 1,
      requestId: id('a'),
      account: 'ada',
      replicaId: id('b'),
      space: 'team',
      partnershipId: null,
      key: 0,
      have: [],
      collections: ['notes', 'places'],
      schemaVersion: 1,
      mutations: [],
      limit: { changes: 100, bytes: 100_000, pages: 1 },
      host: 'worker',
    }
    const mutation = (ops: unknown): object => ({
      ...good,
      mutations: [{ mutationId: crypto.randomUUID(), order: 1, ops }],
    })
    const insert = { op: 'insert', collection: 'notes', id: 'x', base: null }
    const bodies: Readonly<Record<string, string>> = {
      'not JSON': '{"protocol":',
      'not an object': '[]',
      'an empty body': '',
      'a key as text': JSON.stringify({ ...good, key: '5' }),
      'a negative key': JSON.stringify({ ...good, partnershipId: id('c'), key: { n: -1, tag: id('d') } }),
      'a fraction as key': JSON.stringify({ ...good, partnershipId: id('c'), key: { n: 1.5, tag: id('d') } }),
      'a key beyond 2^53': JSON.stringify({ ...good, partnershipId: id('c'), key: { n: 2 ** 53, tag: id('d') } }),
      'a bad tag': JSON.stringify({ ...good, partnershipId: id('c'), key: { n: 1, tag: 'XYZ' } }),
      'too deep': `${JSON.stringify(good).slice(0, -1)},"mutations":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'too large': JSON.stringify({ ...good, padding: 'x'.repeat(5_000_000) }),
      'an unknown collection': JSON.stringify(mutation([{ ...insert, collection: 'secrets', value: { id: 'x' } }])),
      'a bad value': JSON.stringify(mutation([{ ...insert, value: { id: 'x', text: 7 } }])),
      'a lone surrogate': JSON.stringify(mutation([{ ...insert, value: { id: 'x', text: '\uD800' } }])),
      'a bad id': JSON.stringify(mutation([{ ...insert, id: '', value: { id: '', text: 't' } }])),
      'another id inside': JSON.stringify(mutation([{ ...insert, value: { id: 'y', text: 't' } }])),
      'ops that are none': JSON.stringify(mutation('all of them')),
    }
    const headers = { 'content-type': 'application/json', 'web-sync-protocol': '1' }
    const described: Record<string, string> = {}
    for (const [name, body] of Object.entries(bodies)) {
      const response = await fetch('/sync', { method: 'POST', body, headers })
      const lines = (await response.text()).trim().split('\n')
      const last = JSON.parse(lines.at(-1) ?? '') as {
        code?: string
        path?: string
        outcomes?: readonly { type: string; code: string; path: string }[]
      }
      const outcome = last.outcomes?.[0]
      described[name] =
        outcome === undefined
          ? `${response.status} ${last.code ?? ''} ${last.path ?? ''}`.trim()
          : `${outcome.type} ${outcome.code} ${outcome.path}`.trim()
    }
    const wrongType = await fetch('/sync', {
      method: 'POST',
      body: JSON.stringify(good),
      headers: { 'content-type': 'text/plain' },
    })
    described['a form’s content type'] = String(wrongType.status)
    return described
  })
  expect(answers).toEqual({
    'not JSON': '400 malformed',
    'not an object': '400 malformed',
    'an empty body': '400 malformed',
    'a key as text': '400 malformed /key',
    'a negative key': '400 malformed /key/n',
    'a fraction as key': '400 malformed /key/n',
    'a key beyond 2^53': '400 malformed /key/n',
    'a bad tag': '400 malformed /key/tag',
    'too deep': expect.stringMatching(/^400 malformed/),
    'too large': '413 too-large',
    'an unknown collection': 'refused unknown-collection /0/collection',
    'a bad value': 'refused invalid-record /0/value/text',
    'a lone surrogate': 'refused invalid-value /0/value/text',
    'a bad id': 'refused invalid-value /0/id',
    'another id inside': 'refused invalid-value /0/value/id',
    'ops that are none': expect.stringMatching(/^refused invalid-value/),
    'a form’s content type': expect.stringMatching(/^4\d\d$/),
  })
  expect(await server.call('records', 'team', 'notes')).toEqual([])
  await page.evaluate(() => app.space.addNote('good', 'after all that').then(() => app.space.upToDate()))
  expect(await server.call('records', 'team', 'notes')).toHaveLength(1)
})
