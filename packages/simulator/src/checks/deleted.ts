import type { World } from '../world.ts'

/** Records that a write deleted in the history that the partner has now, whether its author still knows of it or not. */
export async function findDeleted({ host, ledger }: World): Promise<ReadonlySet<string>> {
  const deleted = new Set<string>()
  for (const write of ledger.all()) {
    const deletes = write.ops.filter((op) => op.op === 'delete')
    if (deletes.length === 0) continue
    if ((await host.outcomeOf(write.space, write.account, write.mutationId)) !== 'accepted') continue
    for (const op of deletes) deleted.add(`${op.collection}/${op.id}`)
  }
  return deleted
}

/** Before the partner forgets outcomes by their age, what they say is noted. */
export async function noteDeleted(world: World): Promise<void> {
  for (const name of await findDeleted(world)) world.ledger.rememberDeleted(name)
}
