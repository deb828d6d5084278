import type { Nudge } from 'sync-protocol'
import type { CommitNotice, PartnerEngine } from '../contract/index.ts'

/** What the nudges are made of. */
export interface NudgesOptions {
  readonly engine: Pick<PartnerEngine, 'onCommit' | 'findReadable' | 'newestKey'>
  /** Streams that are open at once for one account. */
  readonly maxStreamsPerAccount: number
  /** Calls `run` after a time, unless the returned function is called before. */
  readonly after: (ms: number, run: () => void) => () => void
  readonly onError: (where: string, error: unknown) => void
}

/** Hints that news waits, by server-sent events. */
export interface Nudges {
  /** Opens a stream for those partnerships that the account has; null: it has too many streams open. */
  open(account: string, partnershipIds: readonly string[]): Promise<ReadableStream<Uint8Array> | null>
  /** Ends all streams. */
  close(): void
}

/** At most one nudge in this time for each space and stream. */
const PAUSE_MS = 1_000
/** A comment that keeps proxies from ending a silent stream. */
const KEEP_ALIVE_MS = 25_000
/** Milliseconds that each open stream of a space adds to the spread: a thousand members come within ten seconds. */
const SPREAD_PER_MEMBER_MS = 10
const MAX_SPREAD_MS = 60_000
/** Up to so many streams there is no crowd to spread. */
const SMALL_SPACE = 5
/** Messages that a reader may leave unread; further nudges are dropped: none is needed for correctness. */
const MAX_UNREAD = 32

interface Stream {
  readonly account: string
  readonly partnershipsBySpace: ReadonlyMap<string, readonly string[]>
  /** Spaces that were nudged a moment ago; the partnerships to be nudged when the pause is over. */
  readonly pauses: Map<string, Set<string>>
  send(text: string): void
  end(): void
}

/** Builds the nudges; they listen to the engine's commits until closed. */
export function createNudges(options: NudgesOptions): Nudges {
  const streams = new Set<Stream>()
  const streamsBySpace = new Map<string, Set<Stream>>()
  const stopListening = options.engine.onCommit((notice) => {
    for (const stream of streamsBySpace.get(notice.space) ?? []) nudgeSoon(stream, notice)
  })

  /** Hands a notice to a stream: at once, or when the pause since the last one is over. */
  function nudgeSoon(stream: Stream, notice: CommitNotice): void {
    const concerned = (stream.partnershipsBySpace.get(notice.space) ?? []).filter((id) => id !== notice.partnershipId)
    if (concerned.length === 0) return
    const waiting = stream.pauses.get(notice.space)
    if (waiting !== undefined) {
      for (const id of concerned) waiting.add(id)
      return
    }
    startPause(stream, notice.space)
    void nudge(stream, notice.space, concerned)
  }

  function startPause(stream: Stream, space: string): void {
    stream.pauses.set(space, new Set())
    options.after(PAUSE_MS, () => {
      const waiting = stream.pauses.get(space)
      stream.pauses.delete(space)
      if (waiting === undefined || waiting.size === 0 || !streams.has(stream)) return
      startPause(stream, space)
      void nudge(stream, space, [...waiting])
    })
  }

  /** Access is asked again: whoever lost it since the stream was opened hears nothing. */
  async function nudge(stream: Stream, space: string, partnershipIds: readonly string[]): Promise<void> {
    try {
      const readable = await options.engine.findReadable(stream.account, partnershipIds)
      for (const partnershipId of readable.keys()) {
        const key = await options.engine.newestKey(space, partnershipId)
        const message: Nudge = { partnershipId, key, spreadMs: spreadMs(streamsBySpace.get(space)?.size ?? 0) }
        stream.send(`event: nudge\ndata: ${JSON.stringify(message)}\n\n`)
      }
    } catch (error) {
      options.onError('nudge', error)
    }
  }

  function add(stream: Stream): void {
    streams.add(stream)
    for (const space of stream.partnershipsBySpace.keys()) {
      const members = streamsBySpace.get(space) ?? new Set()
      streamsBySpace.set(space, members.add(stream))
    }
  }

  function remove(stream: Stream): void {
    streams.delete(stream)
    for (const space of stream.partnershipsBySpace.keys()) {
      const members = streamsBySpace.get(space)
      members?.delete(stream)
      if (members?.size === 0) streamsBySpace.delete(space)
    }
  }

  function countOf(account: string): number {
    return [...streams].filter((stream) => stream.account === account).length
  }

  return {
    async open(account, partnershipIds) {
      if (countOf(account) >= options.maxStreamsPerAccount) return null
      const readable = await options.engine.findReadable(account, partnershipIds)
      if (countOf(account) >= options.maxStreamsPerAccount) return null
      return openStream(account, groupBySpace(readable), { add, remove, after: options.after })
    },
    close() {
      stopListening()
      for (const stream of streams) stream.end()
    },
  }
}

function nothing(): void {}

interface Registry {
  add(stream: Stream): void
  remove(stream: Stream): void
  readonly after: NudgesOptions['after']
}

function openStream(
  account: string,
  partnershipsBySpace: ReadonlyMap<string, readonly string[]>,
  registry: Registry,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let leave = nothing
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let stopKeepAlive = nothing
        const stream: Stream = {
          account,
          partnershipsBySpace,
          pauses: new Map(),
          send(text) {
            if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text))
          },
          end() {
            leave()
            controller.close()
          },
        }
        const keepAlive = (): void => {
          stream.send(': keep-alive\n\n')
          stopKeepAlive = registry.after(KEEP_ALIVE_MS, keepAlive)
        }
        leave = () => {
          stopKeepAlive()
          registry.remove(stream)
        }
        registry.add(stream)
        keepAlive()
      },
      cancel() {
        leave()
      },
    },
    { highWaterMark: MAX_UNREAD },
  )
}

function groupBySpace(spaceById: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [partnershipId, space] of spaceById) groups.set(space, [...(groups.get(space) ?? []), partnershipId])
  return groups
}

function spreadMs(members: number): number {
  return members <= SMALL_SPACE ? 0 : Math.min(MAX_SPREAD_MS, members * SPREAD_PER_MEMBER_MS)
}
