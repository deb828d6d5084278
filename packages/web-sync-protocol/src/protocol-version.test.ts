import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LIMITS, PERIODS } from './limits.ts'
import {
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  ASK_CONTENT_TYPE,
  PROBLEM_CONTENT_TYPE,
  REPLY_CONTENT_TYPE,
} from './version.ts'
import { DOORS } from './wire/messages.fixture.ts'

/**
 * Protocol version → hash of the message shapes. If this test turns red, the wire has changed. Was that on purpose?
 *
 * - No: undo it. Old clients in the field (tabs open for days, devices offline for weeks) speak the old shapes.
 * - Yes, and old and new sides still understand each other (an optional field more): put the new hash beside the same version.
 * - Yes, and they do not: raise PROTOCOL_VERSION, add its line to the history in version.ts, and a line here.
 *
 * In each case docs/protocol.md section 3 changes first.
 */
const PINNED: Readonly<Record<number, string>> = {
  1: '8cbe40778d6b8d9b27c60579ae6b61ec624b7ccbe56fc052ff3dca7de9a74bf7',
}

function readSource(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** What messages look like: declared types and constants of a source text, without comments and layout. What parsers do is tested by the messages. */
function shapesOf(source: string): string {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .split(/^(?=\S)/m)
    .filter((statement) => /^(export )?(interface|type|const) |^[}] /.test(statement))
    .join('')
    .replaceAll(/[\s,|}]+/g, ' ')
    .trim()
}

function hashOfShapes(): string {
  const files = readdirSync(new URL('wire/', import.meta.url))
    .filter((file) => !/\.(test|fixture)\.ts$/.test(file))
    .toSorted()
  const hash = createHash('sha256')
  for (const file of [...files.map((name) => `wire/${name}`), 'sync-key.ts', 'record-version.ts', 'patch.ts']) {
    hash.update(`${file}\n${shapesOf(readSource(file))}\n`)
  }
  const facts = { LIMITS, PERIODS, PROTOCOL_HEADER, ASK_CONTENT_TYPE, REPLY_CONTENT_TYPE, PROBLEM_CONTENT_TYPE }
  hash.update(JSON.stringify([facts, DOORS.map(({ name, message }) => [name, message])]))
  return hash.digest('hex')
}

describe('the protocol version', () => {
  it('is pinned to the shapes of the messages: the wire changes only on purpose', () => {
    expect(hashOfShapes()).toBe(PINNED[PROTOCOL_VERSION])
  })

  it('has one line of history for each version, and a pinned hash', () => {
    const history = [...readSource('version.ts').matchAll(/^ \* - (\d+): \S.*$/gm)].map(([, version]) =>
      Number(version),
    )
    const versions = Array.from({ length: PROTOCOL_VERSION }, (_, index) => index + 1)
    expect(history).toEqual(versions)
    expect(Object.keys(PINNED).map(Number)).toEqual(versions)
  })

  it('does not change with a comment or the layout', () => {
    expect(
      shapesOf("import { a } from './a.ts'\n/** One. */\nexport interface A {\n  // why\n  readonly n: number\n}"),
    ).toBe(shapesOf('/** Two. */\nexport interface A { readonly n: number }'))
    expect(shapesOf('type A = number')).not.toBe(shapesOf('type A = string'))
  })
})
