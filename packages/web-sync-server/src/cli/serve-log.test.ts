import { afterEach, expect, it, vi } from 'vitest'
import { PartnerError } from '../index.ts'
import { createServeLog } from './serve-log.ts'

afterEach(() => void vi.restoreAllMocks())

const failure = (): Error =>
  new PartnerError('busy', 'CANARY', { cause: Object.assign(new Error('CANARY\n    at CANARY'), { code: '22P02' }) })

function logged(options: Parameters<typeof createServeLog>[0]): string {
  const error = vi.spyOn(console, 'error').mockReturnValue()
  createServeLog(options).onEvent({ type: 'error', atMs: 1, where: 'ask', error: failure() })
  return error.mock.calls.flat().join(' ')
}

it('the log for people has nothing in it that users chose: where, name, code and frames of an error and its cause', () => {
  const text = logged({})
  expect(text).toContain('error in ask: PartnerError (busy)\n    at ')
  expect(text).toContain('caused by Error (22P02)\n    at ')
  expect(text).toContain('serve-log.test.ts')
  expect(text).not.toContain('CANARY')
})

it('has messages if they are wanted', () => {
  expect(logged({ 'log-messages': true })).toContain('error in ask: PartnerError (busy) CANARY\n')
})
