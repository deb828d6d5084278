import { canonicalJson, type JsonValue, type Op, parseOps, parseWith } from 'web-sync-protocol'
import { type CollectionWriter, PartnerError, type TransactResult } from '../contract/index.ts'
import { applyMutations } from './apply-mutations.ts'
import { type EngineContext, PARTNER_ACCOUNT } from './context.ts'

/** What an own write's callback gets: a writer for each collection. */
export type OwnWriter = Readonly<Record<string, CollectionWriter>>

/**
 * The partner's own write: the callback only collects operations; they are applied afterwards, all or nothing, by the code that applies
 * an ask's mutations, on whatever is there. Throws PartnerError 'refused'.
 */
export async function transact(
  context: EngineContext,
  space: string,
  write: (tx: OwnWriter) => void,
): Promise<TransactResult> {
  const collected: unknown[] = []
  write(makeWriter(Object.keys(context.schema.collections), collected))
  const mutationId = makeUuid(context.ports.random.id())
  if (collected.length === 0) return { mutationId, versions: [] }
  const ops = parseWith(parseOps, collected)
  if (!ops.ok) throw new PartnerError('refused', ops.message, { refusal: 'invalid-value', path: ops.path })
  const content = canonicalJson(ops.value as unknown as JsonValue)
  const contentHash = await context.ports.hash(content)
  // The partner's own writes are never sent again, so nobody looks where they were made.
  const origin = { id: '', number: 0 }
  const mutation = { mutationId, origin, ops, content, contentHash, isUnconditional: true, isLate: false }
  const source = { account: PARTNER_ACCOUNT, space, partnershipId: null, n: 0, requestId: '', canWrite: true }
  const applied = await context.storage.transaction(space, async (tx) => {
    const result = await applyMutations(context, tx, source, [mutation])
    const outcome = result.outcomes[0]?.outcome
    // Thrown inside, so that nothing is stored, not even the refusal: the caller hears it.
    if (outcome === undefined || outcome.type !== 'accepted') throw toError(outcome)
    if (result.changes > 0) await tx.announce?.(null)
    return { ...result, versions: outcome.versions }
  })
  if (applied.changes > 0) {
    context.emit({ type: 'own-write', atMs: context.ports.clock.nowMs(), space, changes: applied.changes })
    context.notify({ space, partnershipId: null })
  }
  return { mutationId, versions: applied.versions }
}

/** A UUID (version 4) of 128 random bits. */
export function makeUuid(id: string): string {
  const variant = ((Number.parseInt(id.charAt(16), 16) & 3) | 8).toString(16)
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-${variant}${id.slice(17, 20)}-${id.slice(20)}`
}

function toError(outcome: { readonly type: string } | undefined): PartnerError {
  if (outcome === undefined || !('code' in outcome)) return new PartnerError('refused', 'the write was not applied')
  const { message, code, path } = outcome as Extract<
    Awaited<ReturnType<typeof applyMutations>>['outcomes'][number]['outcome'],
    { code: unknown }
  >
  return new PartnerError('refused', message, { refusal: code, path })
}

function makeWriter(collections: readonly string[], ops: unknown[]): OwnWriter {
  // Without a prototype: `tx.constructor` is a collection or nothing.
  const writer: Record<string, CollectionWriter> = Object.create(null)
  for (const collection of collections) {
    const add = (op: Op['op'], id: unknown, value?: unknown): void => {
      ops.push({ op, collection, id, base: null, ...(op === 'delete' ? {} : { value }) })
    }
    writer[collection] = {
      insert: (record) => add('insert', record['id'], record),
      put: (record) => add('put', record['id'], record),
      patch: (id, patch) => add('patch', id, patch),
      delete: (id) => add('delete', id),
    }
  }
  return writer
}
