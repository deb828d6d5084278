import { type Nudge, PERIODS } from 'web-sync-protocol'
import type { CommitNotice, PartnerEngine, StorageWatcher } from '../contract/index.ts'

/** What the nudges are made of. */
export interface NudgesOptions {
  readonly engine: Pick<PartnerEngine, 'onCommit' | 'findReadable' | 'newestKey'>
  /** Streams that are open at once for one account. */
  readonly maxStreamsPerAccount: number
  /** Calls `run` after a time, unless the returned function is called before. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Hears of other processes' commits; begun with the first stream. Null: there are no others. */
  readonly watch: ((watcher: StorageWatcher) => () => void) | null
  readonly onError: (where: string, error: unknown) => void
}

/** Hints that news waits, by server-sent events. */
export interface Nudges {
  /** Opens a stream for those partnerships that the account has; null: it has too many streams open. */
  open(account: string, partnershipIds: readonly string[]): Promise<ReadableStream<Uint8Array> | null>
  /** Ends the streams that are open, cleanly, and opens no others: their readers come back elsewhere. */
  endStreams(): void
  /** Streams that are open, and nudges that were sent so far. */
  status(): { readonly streams: number; readonly sent: number }
  /** Ends all streams and hears nothing more. */
  close(): void
}

/** At most one nudge in this time for each space and stream; in a large space in the time over which its members spread. */
const PAUSE_MS = 1_000
/** Milliseconds that each open stream of a space adds to the spread: a thousand members come within ten seconds. */
const SPREAD_PER_MEMBER_MS = 10
/** Up to so many streams there is no crowd to spread. */
const SMALL_SPACE = 5
/** Messages that a reader may leave unread; further nudges are dropped: none is needed for correctness. */
const MAX_UNREAD = 32
/** Nudges that are looked up at once: a write in a large space must not put ten thousand look-ups before everybody's next exchange. */
const MAX_AT_ONCE = 4

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
  const streamsByAccount = new Map<string, number>()
  const waitingJobs: (() => Promise<void>)[] = []
  let jobsUnderWay = 0
  const streamsBySpace = new Map<string, Set<Stream>>()
  let sent = 0
  let isEnding = false
  let stopWatching: (() => void) | null = null
  const stopListening = options.engine.onCommit(onCommit)

  function onCommit(notice: CommitNotice): void {
    for (const stream of streamsBySpace.get(notice.space) ?? []) nudgeSoon(stream, notice)
  }

  /** Something may have been missed, in any space: everybody is nudged once, and all of them are one crowd. */
  function nudgeAll(): void {
    for (const stream of streams) {
      for (const space of stream.partnershipsBySpace.keys()) {
        nudgeSoon(stream, { space, partnershipId: null }, streams.size)
      }
    }
  }

  function watch(): void {
    const onError = (error: unknown): void => options.onError('nudges of other processes', error)
    stopWatching ??= options.watch?.({ onCommit, onGap: nudgeAll, onError }) ?? nothing
  }

  /** Hands a notice to a stream: at once, or when the pause since the last one is over. `crowd`: how many hear of it at least. */
  function nudgeSoon(stream: Stream, notice: CommitNotice, crowd = 0): void {
    const concerned = (stream.partnershipsBySpace.get(notice.space) ?? []).filter((id) => id !== notice.partnershipId)
    if (concerned.length === 0) return
    const waiting = stream.pauses.get(notice.space)
    if (waiting !== undefined) {
      for (const id of concerned) waiting.add(id)
      return
    }
    startPause(stream, notice.space)
    enqueue(() => nudge(stream, notice.space, concerned, crowd))
  }

  function startPause(stream: Stream, space: string): void {
    stream.pauses.set(space, new Set())
    // Who was nudged a moment ago exchanges at some time within the spread: another nudge before its end would tell nothing new, and in a
    // space with ten thousand members it would cost ten thousand look-ups a second.
    const pauseMs = Math.max(PAUSE_MS, spreadMs(streamsBySpace.get(space)?.size ?? 0))
    options.after(pauseMs, () => {
      const waiting = stream.pauses.get(space)
      stream.pauses.delete(space)
      if (waiting === undefined || waiting.size === 0 || !streams.has(stream)) return
      startPause(stream, space)
      enqueue(() => nudge(stream, space, [...waiting]))
    })
  }

  function enqueue(job: () => Promise<void>): void {
    waitingJobs.push(job)
    if (jobsUnderWay < MAX_AT_ONCE) void work()
  }

  async function work(): Promise<void> {
    jobsUnderWay += 1
    for (let job = waitingJobs.shift(); job !== undefined; job = waitingJobs.shift()) await job()
    jobsUnderWay -= 1
  }

  /** Access is asked again: whoever lost it since the stream was opened hears nothing. */
  async function nudge(
    stream: Stream,
    space: string,
    partnershipIds: readonly string[],
    crowd: number = 0,
  ): Promise<void> {
    // It may have ended while it waited for its turn.
    if (!streams.has(stream)) return
    try {
      const readable = await options.engine.findReadable(stream.account, partnershipIds)
      for (const partnershipId of readable.keys()) {
        const key = await options.engine.newestKey(space, partnershipId)
        const members = Math.max(crowd, streamsBySpace.get(space)?.size ?? 0)
        const message: Nudge = { partnershipId, key, spreadMs: spreadMs(members) }
        sent += 1
        stream.send(`event: nudge\ndata: ${JSON.stringify(message)}\n\n`)
      }
    } catch (error) {
      // One that has ended meanwhile, as all do when the partner closes, has nothing to be told, and what it asked may be gone.
      if (streams.has(stream)) options.onError('nudge', error)
    }
  }

  function add(stream: Stream): void {
    streams.add(stream)
    streamsByAccount.set(stream.account, countOf(stream.account) + 1)
    for (const space of stream.partnershipsBySpace.keys()) {
      const members = streamsBySpace.get(space) ?? new Set()
      streamsBySpace.set(space, members.add(stream))
    }
  }

  function remove(stream: Stream): void {
    // Both its reader and the partner may end a stream.
    if (!streams.delete(stream)) return
    const left = countOf(stream.account) - 1
    if (left === 0) streamsByAccount.delete(stream.account)
    else streamsByAccount.set(stream.account, left)
    for (const space of stream.partnershipsBySpace.keys()) {
      const members = streamsBySpace.get(space)
      members?.delete(stream)
      if (members?.size === 0) streamsBySpace.delete(space)
    }
  }

  function countOf(account: string): number {
    return streamsByAccount.get(account) ?? 0
  }

  return {
    async open(account, partnershipIds) {
      if (countOf(account) >= options.maxStreamsPerAccount) return null
      watch()
      const readable = await options.engine.findReadable(account, partnershipIds)
      if (countOf(account) >= options.maxStreamsPerAccount) return null
      if (isEnding) return endedStream()
      return openStream(account, groupBySpace(readable), { add, remove, after: options.after })
    },
    endStreams() {
      isEnding = true
      for (const stream of streams) stream.end()
    },
    status: () => ({ streams: streams.size, sent }),
    close() {
      stopListening()
      stopWatching?.()
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
        // A comment, which also keeps proxies from ending a silent stream.
        const keepAlive = (): void => {
          stream.send(': keep-alive\n\n')
          stopKeepAlive = registry.after(PERIODS.streamKeepAliveMs, keepAlive)
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

function endedStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() })
}

function groupBySpace(spaceById: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [partnershipId, space] of spaceById) groups.set(space, [...(groups.get(space) ?? []), partnershipId])
  return groups
}

function spreadMs(members: number): number {
  return members <= SMALL_SPACE ? 0 : Math.min(PERIODS.nudgeSpreadMs, members * SPREAD_PER_MEMBER_MS)
}
