import { transferHandlers } from 'comlink'
import { encodeError } from '../contract/index.ts'

/**
 * Lets errors cross the worker border whole: comlink by itself keeps name, message and stack only. The other half is
 * page/error-transfer.ts. What is thrown here and is no SyncError arrives as code `internal`.
 */
export function installErrorTransfer(): void {
  // comlink's marker of what was thrown is not exported, so its own handler is kept to recognise it.
  const thrown = transferHandlers.get('throw')
  if (thrown === undefined) return
  transferHandlers.set('throw', {
    ...thrown,
    serialize: (value) => [encodeError((value as { readonly value: unknown }).value), []],
  })
}
