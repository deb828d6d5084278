import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Digest, DigestBuilder, EMPTY_DIGEST, isSameDigest } from './digest.ts'
import { makeVersion, type RecordVersion } from './record-version.ts'

const version = fc
  .tuple(fc.integer({ min: 1, max: 1_000 }), fc.bigInt(0n, 2n ** 64n - 1n))
  .map(([number, bits]) => makeVersion(number, bits.toString(16).padStart(16, '0')))

const COLLECTIONS = ['notes', 'visits']
const writes = fc.array(
  fc.record({ collection: fc.constantFrom('notes', 'visits'), id: fc.nat(5), after: fc.option(version) }),
  { maxLength: 40 },
)

/** From scratch: all records of a store counted and summed at once. */
function digestOf(records: ReadonlyMap<string, RecordVersion>): Digest {
  const builder = new DigestBuilder()
  for (const [key, held] of records) builder.replace(key.slice(0, key.indexOf('/')), null, held)
  return builder.build()
}

function digestOfNotes(...held: RecordVersion[]): Digest {
  return digestOf(new Map(held.map((one, index) => [`notes/${index}`, one])))
}

describe('the digest', () => {
  it('kept incrementally, also over many restarts, is the digest from scratch', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const records = new Map<string, RecordVersion>()
        let digest: Digest = {}
        for (const { collection, id, after } of list) {
          const key = `${collection}/${id}`
          const builder = new DigestBuilder(JSON.parse(JSON.stringify(digest)) as Digest)
          builder.replace(collection, records.get(key) ?? null, after)
          digest = builder.build()
          if (after === null) records.delete(key)
          else records.set(key, after)
        }
        expect(JSON.parse(JSON.stringify(digest))).toEqual(JSON.parse(JSON.stringify(digestOf(records))))
        expect(isSameDigest(digest, digestOf(records), COLLECTIONS)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('sees one version that differs, one record too many and one too few', () => {
    const a = makeVersion(1, '00000000000000aa')
    const b = makeVersion(1, '00000000000000bb')
    expect(isSameDigest(digestOfNotes(a), digestOfNotes(b), ['notes'])).toBe(false)
    expect(isSameDigest(digestOfNotes(a), digestOfNotes(a, makeVersion(2, '0000000000000000')), ['notes'])).toBe(false)
    expect(isSameDigest(digestOfNotes(a), {}, ['notes'])).toBe(false)
    expect(isSameDigest(digestOfNotes(a), {}, ['visits'])).toBe(true)
  })

  it('wraps at 2^64 in both directions', () => {
    const top = makeVersion(1, 'ffffffffffffffff')
    const builder = new DigestBuilder()
    builder.replace('notes', null, top)
    builder.replace('notes', null, makeVersion(2, '0000000000000003'))
    expect(builder.build()['notes']).toEqual({ count: 2, sum: '0000000000000002' })
    builder.replace('notes', top, null)
    expect(builder.build()['notes']).toEqual({ count: 1, sum: '0000000000000003' })
  })

  it('leaves out an empty collection and one that was dropped, but not one whose sum is wrong', () => {
    const builder = new DigestBuilder({ notes: EMPTY_DIGEST, visits: { count: 2, sum: '0000000000000007' } })
    builder.drop('visits')
    expect(Object.keys(builder.build())).toEqual([])
    builder.replace('notes', makeVersion(1, '0000000000000001'), null)
    builder.replace('notes', null, makeVersion(1, '0000000000000005'))
    expect(Object.keys(builder.build())).toEqual(['notes'])
  })
})
