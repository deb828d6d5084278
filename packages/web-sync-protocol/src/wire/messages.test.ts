import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { parseAsk } from './ask.ts'
import { ASK, DOORS, ID, MUTATION, NUDGE, PAGE, PROBLEMS, REPLY_HEAD, TAG } from './messages.fixture.ts'
import { parseOps } from './mutation.ts'
import { parseNudge } from './nudge.ts'
import { parsePage } from './page.ts'
import { type Parsed, parseWith } from './parse.ts'
import { parseProblem } from './problem.ts'
import { parseReplyHead } from './reply.ts'

/** A copy of a message with the value at a JSON pointer replaced; `undefined` removes it. */
function changed(message: unknown, pointer: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(message)) as unknown
  const steps = pointer.split('/').slice(1)
  const last = steps.pop() as string
  const parent = steps.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], copy) as Record<
    string,
    unknown
  >
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return copy
}

function pathOf(parsed: Parsed<unknown>): string | null {
  return parsed.ok ? null : parsed.path
}

const overTheWire = (message: unknown): unknown => JSON.parse(JSON.stringify(message))

describe('every door', () => {
  it.each(DOORS)('$name: takes a whole message and gives it back equal', ({ parse, message }) => {
    const parsed = parseWith(parse, overTheWire(message))
    expect(parsed.ok ? overTheWire(parsed.value) : parsed).toEqual(overTheWire(message))
  })

  it.each(DOORS)('$name: drops fields that it does not know', ({ parse, message }) => {
    const parsed = parseWith(parse, Array.isArray(message) ? message : { ...(message as object), another: 1 })
    expect(parsed.ok ? overTheWire(parsed.value) : parsed).toEqual(overTheWire(message))
  })

  it.each(DOORS)('$name: whatever JSON comes in, nothing is thrown but a fault with a path', ({ parse, message }) => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        const parsed = parseWith(parse, input)
        expect(parsed.ok || parsed.path.startsWith('/') || parsed.path === '').toBe(true)
      }),
      { numRuns: 20 },
    )
    const fields = Object.keys(message as object)
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, input) => {
        const parsed = parseWith(parse, changed(message, `/${field}`, input))
        expect(parsed.ok || parsed.path.startsWith(`/${field}`)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it.each(DOORS)('$name: refuses what is no message at all', ({ parse }) => {
    for (const input of [null, undefined, 1, 'text', true])
      expect(parseWith(parse, input)).toMatchObject({ ok: false, path: '' })
  })
})

describe('a sync key on the wire', () => {
  it.each([
    ['a string', '/key', '41'],
    ['null', '/key', null],
    ['n as a string', '/key/n', '41'],
    ['a fraction', '/key/n', 41.5],
    ['negative', '/key/n', -1],
    ['0 with a tag', '/key/n', 0],
    ['above 2^53−1', '/key/n', 2 ** 53],
    ['a tag that is too short', '/key/tag', 'abc'],
    ['a tag in upper case', '/key/tag', 'F'.repeat(32)],
    ['a tag that is missing', '/key/tag', undefined],
  ])('that is %s is refused with its path', (_, path, value) => {
    expect(pathOf(parseWith(parseAsk, changed(ASK, path, value)))).toBe(path)
  })

  it('is 0 or an integer with a tag, up to 2^53−1', () => {
    expect(parseWith(parseAsk, changed(ASK, '/key', 0))).toMatchObject({ ok: true, value: { key: 0 } })
    expect(parseWith(parseAsk, changed(ASK, '/key/n', Number.MAX_SAFE_INTEGER)).ok).toBe(true)
  })

  it('needs its partnership', () => {
    expect(pathOf(parseWith(parseAsk, changed(ASK, '/partnershipId', null)))).toBe('/partnershipId')
    expect(parseWith(parseAsk, changed(changed(ASK, '/partnershipId', null), '/key', 0)).ok).toBe(true)
  })
})

describe('an ask', () => {
  it.each([
    ['/protocol', 2],
    ['/requestId', 'x'],
    ['/account', ''],
    ['/account', 'x'.repeat(257)],
    ['/replicaId', TAG.toUpperCase()],
    ['/space', 'a\u0000'],
    ['/have', {}],
    ['/have/0/partnershipId', 'x'],
    ['/have/0/n', 0],
    ['/collections', []],
    ['/collections/1', 'a/b'],
    ['/schemaVersion', 0],
    ['/mutations', null],
    ['/mutations/0/mutationId', 'x'],
    ['/mutations/0/order', -1],
    ['/limit', null],
    ['/limit/changes', 0],
    ['/limit/bytes', LIMITS.pageBytes + 1],
    ['/limit/pages', '1'],
    ['/digest/notes/sum', 'x'],
    ['/digest/notes/count', -1],
    ['/host', 'page'],
  ])('with a wrong %s is refused there', (path, value) => {
    expect(pathOf(parseWith(parseAsk, changed(ASK, path, value)))).toBe(path)
  })

  it('with too many entries is refused', () => {
    const have = Array.from({ length: LIMITS.have + 1 }, () => ASK.have[0])
    expect(pathOf(parseWith(parseAsk, { ...ASK, have }))).toBe('/have')
    expect(parseWith(parseAsk, { ...ASK, have: have.slice(1) }).ok).toBe(true)
    const mutations = Array.from({ length: LIMITS.mutationsPerAsk + 1 }, () => MUTATION)
    expect(pathOf(parseWith(parseAsk, { ...ASK, mutations }))).toBe('/mutations')
  })

  it('names each collection once, in order', () => {
    const parsed = parseWith(parseAsk, { ...ASK, collections: ['visits', 'notes', 'visits'] })
    expect(parsed.ok && parsed.value.collections).toEqual(['notes', 'visits'])
  })

  it('comes through whatever its mutations’ values are: their fault is an outcome, never a 4xx', () => {
    for (const ops of [null, 'x', [{ op: 'put', value: '\uD83D' }]]) {
      const parsed = parseWith(parseAsk, { ...ASK, mutations: [{ ...MUTATION, ops }] })
      expect(parsed.ok && parsed.value.mutations[0]?.ops).toEqual(ops)
    }
  })
})

describe('operations', () => {
  it.each([
    ['', []],
    ['', Array.from({ length: LIMITS.opsPerMutation + 1 }, () => MUTATION.ops[3])],
    ['/0', [null]],
    ['/0/op', changed(MUTATION.ops, '/0/op', 'upsert')],
    ['/1/collection', changed(MUTATION.ops, '/1/collection', '1')],
    ['/1/id', changed(MUTATION.ops, '/1/id', '')],
    ['/1/base', changed(MUTATION.ops, '/1/base', '1')],
    ['/2/baseMutation', changed(MUTATION.ops, '/2/baseMutation', 'x')],
    ['/0/value', changed(MUTATION.ops, '/0/value', undefined)],
    ['/0/value', changed(MUTATION.ops, '/0/value', [])],
    ['/0/value/tags/0', changed(MUTATION.ops, '/0/value/tags/0', 'a\uD83D')],
    ['/0/value/id', changed(MUTATION.ops, '/0/value/id', 'b')],
    ['/0/value/id', changed(MUTATION.ops, '/0/value/id', undefined)],
    ['/2/value/id', changed(MUTATION.ops, '/2/value/id', null)],
    ['/2/value', changed(MUTATION.ops, '/2/removed/0', 'done')],
    ['/2/value', changed(MUTATION.ops, '/2/removed', '/done')],
    ['/2/value/id', changed(MUTATION.ops, '/2/removed/0', '/id')],
  ])('with a fault are refused at «%s»', (path, ops) => {
    expect(pathOf(parseWith(parseOps, ops))).toBe(path)
  })

  it('with holes (a sparse array over a MessagePort) are refused', () => {
    expect(pathOf(parseWith(parseOps, Object.assign([], { length: 2, 0: MUTATION.ops[3] })))).toBe('/1')
  })

  it('in 100,000 levels are refused without overflowing the stack', () => {
    const value = JSON.parse(`{"id":"a","deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) as unknown
    expect(pathOf(parseWith(parseOps, [{ ...MUTATION.ops[0], value }]))).toMatch(/^\/0\/value\/deep\/0/)
  })
})

describe('a reply', () => {
  it.each([
    ['/protocol', 0],
    ['/requestId', null],
    ['/from', null],
    ['/partnershipId', undefined],
    ['/durable', -1],
    ['/forked/replicaId', 'x'],
  ])('head with a wrong %s is refused there', (path, value) => {
    expect(pathOf(parseWith(parseReplyHead, changed(REPLY_HEAD, path, value)))).toBe(path)
  })

  it.each([
    ['/key', 0],
    ['/key/n', 0],
    ['/settled', 1],
    ['/collections/0', ''],
    ['/changes/0/type', 'patch'],
    ['/changes/0/version', '1'],
    ['/changes/0/value', null],
    ['/changes/0/value/id', 'b'],
    ['/changes/0/value/title', '\u0000'],
    ['/changes/1/mutationId', 'x'],
    ['/snapshot', null],
    ['/outcomes/0/type', 'rejected'],
    ['/outcomes/0/merged', undefined],
    ['/outcomes/0/versions/0/version', 'x'],
    ['/outcomes/1/duplicate', null],
    ['/outcomes/1/code', ''],
    ['/outcomes/1/message', 1],
    ['/outcomes/1/path', null],
    ['/more', 0],
    ['/progress/done', -1],
    ['/digest/notes/sum', 'F'.repeat(16)],
  ])('page with a wrong %s is refused there', (path, value) => {
    expect(pathOf(parseWith(parsePage, changed(PAGE, path, value)))).toBe(path)
  })

  it('with a refusal code of a later version is still readable', () => {
    const parsed = parseWith(parsePage, changed(PAGE, '/outcomes/1/code', 'invented-later'))
    expect(parsed.ok && parsed.value.outcomes[1]).toMatchObject({ code: 'not-allowed' })
  })

  it('may leave out what is optional', () => {
    const bare = [changed(PAGE, '/progress', undefined), changed(PAGE, '/digest', null)]
    for (const page of bare) expect(parseWith(parsePage, page).ok).toBe(true)
    expect(parseWith(parseReplyHead, changed(REPLY_HEAD, '/forked', undefined))).toMatchObject({
      ok: true,
      value: { forked: null },
    })
  })
})

describe('a problem', () => {
  it.each([
    ['/code', 'teapot'],
    ['/code', 'toString'],
    ['/status', 200],
    ['/protocol', 1.5],
    ['/title', null],
    ['/requestId', 1],
  ])('with a wrong %s is not our partner’s', (path, value) => {
    for (const problem of PROBLEMS) expect(pathOf(parseWith(parseProblem, changed(problem, path, value)))).toBe(path)
  })

  it('of another version says that it is one, and nothing else', () => {
    for (const problem of PROBLEMS) {
      const fault = pathOf(parseWith(parseProblem, changed(problem, '/protocol', 2)))
      expect(fault).toBe((problem as { code: string }).code === 'version' ? null : '/protocol')
    }
  })

  it('says where to roll back to, or that there is nowhere', () => {
    const invalid = PROBLEMS.find(({ code }) => code === 'invalid-key')
    expect(parseWith(parseProblem, changed(invalid, '/rollbackTo', null))).toMatchObject({
      ok: true,
      value: { rollbackTo: null },
    })
    expect(pathOf(parseWith(parseProblem, changed(invalid, '/rollbackTo/n', 'x')))).toBe('/rollbackTo/n')
    expect(pathOf(parseWith(parseProblem, changed(invalid, '/reason', 'other')))).toBe('/reason')
  })

  it('may be one of an ask that could not be read', () => {
    const judgements = ['access-ended', 'account-mismatch', 'other-app', 'invalid-key', 'expired']
    for (const problem of PROBLEMS) {
      const isBelieved = parseWith(parseProblem, changed(problem, '/requestId', null)).ok
      expect([problem.code, isBelieved]).toEqual([problem.code, !judgements.includes(problem.code)])
    }
  })
})

describe('a nudge', () => {
  it('carries the newest key issued, or none', () => {
    expect(parseWith(parseNudge, { ...NUDGE, key: null })).toMatchObject({ ok: true, value: { key: null } })
    expect(pathOf(parseWith(parseNudge, changed(NUDGE, '/key/tag', ID.slice(1))))).toBe('/key/tag')
    expect(pathOf(parseWith(parseNudge, changed(NUDGE, '/spreadMs', 3_600_001)))).toBe('/spreadMs')
  })
})

function buggy(): never {
  throw new RangeError('a bug')
}

it('a fault that is a bug is not taken for a malformed message', () => {
  expect(() => parseWith(buggy, {})).toThrow(RangeError)
})
