import type { SignOutResult, StoreId, SyncSummary, UnsentChoice, UnsentCount, UnsentReason } from '../contract/index.ts'
import type { WorkerEnvironment } from './environment.ts'

/** How often a `send-first` looks whether everything is sent: other spaces of the account are sent by other tabs, perhaps. */
const LOOK_MS = 200

/** What signing out works on. */
export interface SignOutParts {
  /** Names the open store; the others of its account with the same partner are treated alike. */
  readonly id: StoreId
  readonly environment: WorkerEnvironment
  /** Makes an attempt to send what is unsent, whatever is waited for. */
  readonly send: () => Promise<unknown>
  /** Where this space is, as it was read last; null: it has no partner. */
  readonly summary: () => SyncSummary | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Other contexts that have the store open close it; it is being removed, or kept. */
  readonly tellOthers: (space: string, isRemoved: boolean) => void
}

/** Signs an account out of this device: the choice is the app's, and nothing unsent is lost but by `discard`. */
export async function signOut(parts: SignOutParts, choice: UnsentChoice): Promise<SignOutResult> {
  if (choice === 'keep') {
    const spaces = await count(parts)
    for (const { space } of spaces) {
      await parts.environment.retireStore({ ...parts.id, space })
      parts.tellOthers(space, false)
    }
    return { type: 'kept', spaces }
  }
  if (choice === 'send-first') {
    const left = await sendAll(parts)
    if (left !== null) return left
  }
  const spaces = await forEach(parts, async (space) => {
    // First: who finds the store emptied would take that for the browser's doing.
    parts.tellOthers(space, true)
    const when = choice === 'discard' ? 'always' : 'if-sent'
    const unsent = await parts.environment.emptyStore({ ...parts.id, space }, when)
    if (when === 'always' || unsent === 0) await parts.environment.removeStore({ ...parts.id, space })
    return unsent
  })
  // Written in another tab in the last moment.
  const isLeft = choice !== 'discard' && spaces.some(isUnsent)
  return isLeft ? { type: 'unsent', reason: 'other-space', spaces } : { type: 'removed', spaces }
}

function count(parts: SignOutParts): Promise<UnsentCount[]> {
  return forEach(parts, (space) => parts.environment.emptyStore({ ...parts.id, space }, 'never'))
}

/** All spaces of the account on this device, one after the other, this one last. */
async function forEach(
  { id, environment }: SignOutParts,
  work: (space: string) => Promise<number>,
): Promise<UnsentCount[]> {
  const others = (await environment.listSpaces(id)).filter((name) => name !== id.space)
  const counts: UnsentCount[] = []
  for (const name of [...others, id.space]) counts.push({ space: name, unsent: await work(name) })
  return counts
}

/** Null: everything is sent. */
async function sendAll(parts: SignOutParts): Promise<SignOutResult | null> {
  const { signal, timeoutMs } = parts
  const over = Promise.race([ended(signal), elapsed(timeoutMs)])
  let isOver = false
  void over.then(() => (isOver = true))
  await Promise.race([parts.send(), over])
  for (;;) {
    const spaces = await count(parts)
    if (!spaces.some(isUnsent)) return null
    const reason = reasonOf(parts, spaces)
    if (isOver || HOPELESS.includes(reason)) return { type: 'unsent', reason, spaces }
    await Promise.race([elapsed(LOOK_MS), over])
  }
}

/** Waiting does not help. */
const HOPELESS: readonly UnsentReason[] = [
  'sign-in',
  'account-mismatch',
  'forbidden',
  'access-ended',
  'update',
  'refused',
  'local',
]

function reasonOf({ signal, summary, id }: SignOutParts, spaces: readonly UnsentCount[]): UnsentReason {
  const seen = summary()
  if (signal.aborted) return 'aborted'
  if (spaces.every((one) => one.space !== id.space || !isUnsent(one))) return 'other-space'
  if (seen === null) return 'local'
  const { counts, memory } = seen
  if (counts.pending <= counts.setAside) return 'refused'
  return memory.halt ?? memory.wait?.reason ?? 'timeout'
}

function isUnsent({ unsent }: UnsentCount): boolean {
  return unsent > 0
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve())
  })
}
