import type {
  SignOutResult,
  StoreId,
  SyncSummary,
  UnsentChoice,
  UnsentCount,
  UnsentReason,
  UnsentRows,
} from '../contract/index.ts'
import type { WorkerEnvironment } from './environment.ts'

/**
 * When a `send-first` looks again whether everything is sent, since other spaces of the account are sent by other tabs, perhaps; each
 * look opens their databases, so the pause is doubled up to the last.
 */
const FIRST_LOOK_MS = 200
const LAST_LOOK_MS = 1_600

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
  readonly notifyOthers: (space: string, isRemoved: boolean) => void
}

/** Signs an account out of this device: the choice is the app's, and nothing unsent is lost but by `discard`. */
export async function signOut(parts: SignOutParts, choice: UnsentChoice): Promise<SignOutResult> {
  if (choice === 'keep') {
    const spaces = await count(parts)
    for (const { space } of spaces) {
      await parts.environment.retireStore({ ...parts.id, space })
      parts.notifyOthers(space, false)
    }
    return { type: 'kept', spaces }
  }
  if (choice === 'send-first') {
    const left = await sendAll(parts)
    if (left !== null) return left
  }
  const when = choice === 'discard' ? 'always' : 'if-sent'
  const spaces = await forEach(parts, async (space) => {
    const onRemoving = async (): Promise<void> => parts.notifyOthers(space, true)
    const { unsent } = await parts.environment.removeStore({ ...parts.id, space }, when, onRemoving)
    return unsent
  })
  // Written in another tab in the last moment.
  const isLeft = choice !== 'discard' && spaces.some(isUnsent)
  return isLeft ? { type: 'unsent', reason: 'other-space', spaces } : { type: 'removed', spaces }
}

function count(parts: SignOutParts): Promise<UnsentCount[]> {
  return forEach(parts, (space) => parts.environment.countUnsent({ ...parts.id, space }))
}

/** All spaces of the account on this device, one after the other, this one last. */
async function forEach(
  { id, environment }: SignOutParts,
  work: (space: string) => Promise<UnsentRows>,
): Promise<UnsentCount[]> {
  const others = (await environment.listSpaces(id)).filter((name) => name !== id.space)
  const counts: UnsentCount[] = []
  for (const name of [...others, id.space]) counts.push({ space: name, ...(await work(name)) })
  return counts
}

/** Null: everything is sent. */
async function sendAll(parts: SignOutParts): Promise<SignOutResult | null> {
  const { signal, timeoutMs } = parts
  const over = Promise.race([ended(signal), elapsed(timeoutMs)])
  let isOver = false
  void over.then(() => (isOver = true))
  await Promise.race([parts.send(), over])
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(2 * lookMs, LAST_LOOK_MS)) {
    const spaces = await count(parts)
    if (!spaces.some(isUnsent)) return null
    const reason = reasonOf(parts, spaces)
    if (isOver || HOPELESS.includes(reason)) return { type: 'unsent', reason, spaces }
    await Promise.race([elapsed(lookMs), over])
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
  'salvaged',
  'unreadable',
  'local',
]

function reasonOf({ signal, summary, id }: SignOutParts, spaces: readonly UnsentCount[]): UnsentReason {
  const seen = summary()
  if (signal.aborted) return 'aborted'
  const own = spaces.find((one) => one.space === id.space)
  if (own === undefined || !isUnsent(own)) return 'other-space'
  if (seen === null) return 'local'
  const { counts, memory, isResyncing } = seen
  const isSending = isResyncing || counts.pending > counts.setAside || memory.halt !== null || memory.wait !== null
  if (isSending) return memory.halt ?? memory.wait?.reason ?? 'timeout'
  if (counts.refused + counts.setAside > 0) return 'refused'
  // Before it is listed it may come back by itself.
  if (counts.salvage > 0 && own.isComplete) return 'salvaged'
  return own.isComplete ? 'timeout' : 'unreadable'
}

/** True unless it is certain that nothing is lost. */
function isUnsent({ unsent, isComplete }: UnsentCount): boolean {
  return unsent > 0 || !isComplete
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
