import { transferHandlers } from 'comlink'
import { decodeError, type ErrorWire } from '../contract/index.ts'

/**
 * Gives the worker's errors back whole: comlink by itself keeps name, message and stack only. The other half is
 * worker/error-transfer.ts. What the app's own `getAuth` throws goes to the worker in comlink's way.
 */
export function installErrorTransfer(): void {
  const thrown = transferHandlers.get('throw')
  if (thrown === undefined) return
  transferHandlers.set('throw', {
    ...thrown,
    deserialize: (wire) => {
      throw decodeError(wire as ErrorWire)
    },
  })
}
