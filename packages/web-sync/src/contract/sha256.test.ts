import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('the hash of %j is that of the standard', (text, hash) => {
  expect(sha256(text)).toBe(hash)
})

test('it is what the platform says, whatever the text and its length', async () => {
  const texts: string[] = Array.from({ length: 140 }, (_, length) => 'é'.repeat(length))
  assert(
    property(string({ unit: 'grapheme', maxLength: 600 }), (text) => void texts.push(text)),
    { numRuns: 60 },
  )
  for (const text of texts) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
    expect(sha256(text)).toBe([...hash].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
  }
})
