import type { ExchangeEntry } from 'web-sync/testing'
import type { Device } from './device.ts'
import type { Story } from './story.ts'

/** Failures that are no answer of a partner. */
const NO_ANSWER: readonly string[] = [
  'network',
  'timeout',
  'not-our-partner',
  'busy',
  'server-error',
  'storage',
  'stale',
  'failed',
  'stopped',
]

/**
 * Counts an exchange: one counts if it carried a mutation or a change, or ended in a problem or a fork. One that did nothing is idle,
 * one that brought no answer has failed. The device's own steps back (rollback, resync) follow from a problem that was counted.
 */
export function tellExchange(story: Story, device: Device, entry: ExchangeEntry): void {
  const { result, from, to, mutations, changes } = entry
  if (result.startsWith('rollback') || result.startsWith('resync')) {
    device.resets += 1
    story.count(result.startsWith('rollback') ? 'sometimes: rollback' : `sometimes: full ${result}`)
    story.tell(`${device.name}: ${result}`)
    return
  }
  story.tell(`${device.name}: ${from} → ${to}, ${mutations} mutations up, ${changes} changes down: ${result}`)
  if (result === 'failed') story.count('sometimes: transaction aborted while a page was applied')
  if (result === 'stale') story.count('sometimes: stale answer dropped')
  if (mutations > 0 || changes > 0 || !(result === 'ok' || NO_ANSWER.includes(result))) story.count('exchanges')
  else story.count(result === 'ok' ? 'idle exchanges' : 'failed asks')
}
