import type { MutationOrigin } from 'web-sync-protocol'
import type { PrunedOutcome, StorageReader, StorageTransaction } from '../contract/index.ts'
import { addNumbers, hasNumber } from './number-ranges.ts'

/** What one ask looks up of the mutations that were answered and forgotten: each origin is read once. */
export class Forgotten {
  readonly #tx: StorageReader
  readonly #account: string
  readonly #numbersByOrigin = new Map<string, string>()

  constructor(tx: StorageReader, account: string) {
    this.#tx = tx
    this.#account = account
  }

  /** True if the mutation that was made there may have been answered before. Asked after its outcome was not found. */
  async has({ id, number }: MutationOrigin): Promise<boolean> {
    // An own write of the partner.
    if (id === '') return false
    let numbers = this.#numbersByOrigin.get(id)
    if (numbers === undefined) {
      numbers = (await this.#tx.getForgotten(this.#account, id))?.numbers ?? ''
      this.#numbersByOrigin.set(id, numbers)
    }
    return hasNumber(numbers, number)
  }
}

/** Keeps of pruned outcomes that they were there. Called under the lock on the space's head. */
export async function rememberForgotten(tx: StorageTransaction, pruned: readonly PrunedOutcome[]): Promise<void> {
  const numbersByOrigin = new Map<string, { readonly of: PrunedOutcome; readonly numbers: number[] }>()
  for (const outcome of pruned) {
    const key = `${outcome.account}\u0000${outcome.originId}`
    const found = numbersByOrigin.get(key)
    if (found === undefined) numbersByOrigin.set(key, { of: outcome, numbers: [outcome.originNumber] })
    else found.numbers.push(outcome.originNumber)
  }
  for (const { of, numbers } of numbersByOrigin.values()) {
    const { account, originId } = of
    const known = (await tx.getForgotten(account, originId))?.numbers ?? ''
    await tx.putForgotten({ account, originId, numbers: addNumbers(known, numbers) })
  }
}
