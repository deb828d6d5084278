import type { FieldSpace } from '../data/device.ts'
import { leaveClone, makeTrouble } from '../data/demo-server.ts'
import type { TroubleReport } from '../data/server-types.ts'
import { exportDatabases } from '../trouble/clone.ts'
import { fillQuota, releaseQuota } from '../trouble/quota.ts'
import { formatNumber, formatTime } from '../ui/format.ts'
import type { TroubleActions } from './actions.ts'
import { makeVisit } from './make-actions.ts'
import { explainError } from './say.ts'
import type { Store } from './state.ts'

/** What the trouble works on. */
export interface TroubleParts {
  readonly store: Store
  readonly team: () => FieldSpace
  readonly places: () => FieldSpace
  /** Ends the worker, and opens the spaces again with a new one. */
  readonly killWorker: () => Promise<void>
}

/** The buttons of «Make trouble». */
export function makeTroubleActions(parts: TroubleParts): TroubleActions {
  const { store } = parts
  const say = (id: string, text: string): void => store.set({ troubleNote: { id, text } })
  const run = (id: string, work: () => Promise<string>): void => {
    work().then(
      (text) => say(id, text),
      (error: unknown) => say(id, explainError(error)),
    )
  }
  const order = async (action: string, body: object): Promise<TroubleReport> => {
    const report = await makeTrouble(action, body)
    if (report === null) throw new Error('the server did not take the order')
    store.set({ trouble: report })
    return report
  }
  const exchange = (): void => parts.team().retry()

  return {
    cut: (isCut) =>
      run('cut', async () => {
        await order('', { isCut })
        exchange()
        return isCut
          ? 'The network is cut. Write something, then look at its badge.'
          : 'Back again: the outbox goes out now.'
      }),
    dropReplies: (dropReplies) =>
      run('drop', async () => {
        await order('', { dropReplies })
        return 'Now write something: its reply will be lost. Under the hood shows case K2 at the next exchange.'
      }),
    answer: (status, times) =>
      run('answer', async () => {
        await order('', { answer: status === null ? null : { status, times } })
        exchange()
        return status === null
          ? 'The server answers as it should.'
          : `Each exchange is answered ${status} until you stop it.`
      }),
    restore: (ago) =>
      run('restore', async () => {
        const { restored } = (await order('/restore', { ago })) as TroubleReport & { restored: { atMs: number } }
        exchange()
        return `The server is back at ${formatTime(restored.atMs)}. Look under the hood: the key goes back, and your writes come again.`
      }),
    wipe: () =>
      run('wipe', async () => {
        await order('/wipe', {})
        exchange()
        return 'The database is empty. At the next exchange your journal fills it again; the rest is under Attention.'
      }),
    confirmBackup: () =>
      run('confirm', async () => {
        await order('/confirm-backup', {})
        exchange()
        return 'Confirmed. With the next replies accepted writes become durable.'
      }),
    expireSession: () =>
      run('expire', async () => {
        await order('/expire-session', {})
        exchange()
        return 'The session is gone. Sync halts at the next exchange.'
      }),
    revoke: (isRevoked) =>
      run('revoke', async () => {
        const { person, trouble } = store.get()
        if (typeof person !== 'object' || person === null) return ''
        const others = (trouble?.trouble.revoked ?? []).filter((account) => account !== person.id)
        await order('', { revoked: isRevoked ? [...others, person.id] : others })
        exchange()
        return isRevoked
          ? 'Taken away. One refusal is not believed: exchange twice.'
          : 'Given back: try again at the top of the page.'
      }),
    scribble: (count) =>
      run('scribble', async () => {
        const { selected, places, person } = store.get()
        const place = selected ?? places[0]
        if (place === undefined || typeof person !== 'object' || person === null) return 'Choose a place first.'
        for (let made = 1; made <= count; made += 1) {
          await parts.team().collections.visits.insert(makeVisit(place, person.id)).accepted
          if (made % 10 === 0) say('scribble', `${formatNumber(made)} of ${formatNumber(count)} exchanges …`)
        }
        return `${formatNumber(count)} exchanges made, each with one visit to ${place.name}.`
      }),
    clone: () =>
      run('clone', async () => {
        const id = await leaveClone(await exportDatabases())
        if (id === null) throw new Error('the server did not take the copy')
        return `The copy is ready. Open it in a private window or another browser:\n${location.origin}/?clone=${id}`
      }),
    fillQuota: () =>
      run('quota', async () => {
        const { bytes, isFull } = await fillQuota((done) => say('quota', `${formatNumber(done >> 20)} MB …`))
        const size = `${formatNumber(Math.round(bytes / 1_048_576))} MB of junk`
        return isFull
          ? `Full after ${size}. Now write a note.`
          : `${size} written, and the browser still has room: set a small quota in the developer tools and fill again.`
      }),
    releaseQuota: () =>
      run('quota', async () => {
        await releaseQuota()
        return 'The junk is gone.'
      }),
    killWorker: () =>
      run('kill', async () => {
        await parts.killWorker()
        return `Killed and started again at ${formatTime(Date.now())}. Everything that was stored is there.`
      }),
  }
}
