import {
  canonicalJson,
  type JsonValue,
  type MutationFrame,
  type MutationOrigin,
  type Op,
  type Parsed,
  parseOps,
  parseWith,
} from 'web-sync-protocol'
import type { HashText } from '../contract/index.ts'

/** A mutation made ready before the transaction: parsed, measured and hashed. */
export interface PreparedMutation {
  readonly mutationId: string
  readonly origin: MutationOrigin
  readonly ops: Parsed<readonly Op[]>
  /** Digest of what it wants. */
  readonly contentHash: string
  /** Its content as text, for its size. */
  readonly content: string
  /** Own writes are made on whatever is there: each operation's base is the current version. */
  readonly isUnconditional: boolean
  /** Found late: where a record is not what an operation was made on, nothing is merged (docs/protocol.md section 7). */
  readonly isLate: boolean
}

/**
 * Prepares the mutations of an ask. The content is what a mutation wants to do; the versions on which it was made are left out, since
 * they say when it was made: the same intention replayed after a rollback is the same mutation.
 */
export function prepareMutations(
  frames: readonly MutationFrame[],
  hash: HashText,
): Promise<readonly PreparedMutation[]> {
  return Promise.all(frames.map((frame) => prepareMutation(frame, hash)))
}

async function prepareMutation(frame: MutationFrame, hash: HashText): Promise<PreparedMutation> {
  const ops = parseWith(parseOps, frame.ops)
  // What cannot be parsed may be too deep to be written as text: its fault stands for it.
  const content = ops.ok
    ? canonicalJson(ops.value.map(toContent))
    : canonicalJson(['unreadable', ops.path, ops.message])
  const { mutationId, origin, late: isLate = false } = frame
  return { mutationId, origin, ops, content, contentHash: await hash(content), isUnconditional: false, isLate }
}

function toContent(op: Op): JsonValue {
  const { collection, id } = op
  if (op.op === 'delete') return [op.op, collection, id]
  const content = [op.op, collection, id, op.value]
  return op.op === 'patch' && op.removed !== undefined ? [...content, op.removed] : content
}
