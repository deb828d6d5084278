import { expect, test } from 'vitest'
import { decodeError, encodeError } from './error-wire.ts'
import { SyncError } from './errors.ts'

test('an error that went through structured clone is the same to the app', () => {
  const error = new SyncError('refused', 'No.', { path: '/0/value', refusal: 'not-allowed', cause: new Error('why') })
  const back = decodeError(structuredClone(encodeError(error)))
  expect(back).toBeInstanceOf(SyncError)
  expect(back).toMatchObject({ code: 'refused', message: 'No.', path: '/0/value', refusal: 'not-allowed' })
  expect(String(back.cause)).toContain('why')
})

test.each([[new TypeError('oops')], ['a string'], [undefined]])(
  'what is no SyncError arrives as internal: %s',
  (thrown) => {
    const back = decodeError(structuredClone(encodeError(thrown)))
    expect(back.code).toBe('internal')
    expect(back.message).toContain(thrown instanceof Error ? 'oops' : String(thrown))
  },
)
