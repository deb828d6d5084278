import type { FaultClass } from '../swarm.ts'
import type { World } from '../world.ts'
import {
  clone,
  failPower,
  fillDisk,
  keepCopy,
  killSomewhere,
  openAsOther,
  openOrClose,
  reuseId,
  setBack,
  signInOther,
  updateApp,
} from './client.ts'
import {
  askWithForeignKey,
  backUp,
  backUpDurably,
  changeAccess,
  crash,
  leap,
  leapFar,
  ownWrite,
  passTime,
  poison,
  prune,
  restore,
  switchPrimary,
  wipe,
} from './partner.ts'
import { signOut, wakeServiceWorker } from './contexts.ts'
import { writeSomewhere } from './write.ts'

/** Something that can happen in a step. */
export interface Action {
  readonly weight: number
  /** The class that it belongs to; null: it happens in every world. */
  readonly class: FaultClass | null
  /** True if it may happen while other things do. */
  readonly isConcurrent: boolean
  readonly run: (world: World) => Promise<void>
}

/** A name of {@link ACTIONS}. */
export type ActionName =
  | 'write'
  | 'sync'
  | 'time passes'
  | 'open or close a tab'
  | 'late request'
  | 'kill'
  | 'power fails'
  | 'disk is full'
  | 'clone'
  | 'keep a copy'
  | 'set back'
  | 'back up'
  | 'restore'
  | 'back up durably'
  | 'wipe'
  | 'partner crashes'
  | 'switch primary'
  | 'prune'
  | 'a quarter passes'
  | 'a year passes'
  | 'own write'
  | 'change access'
  | 'other sign-in'
  | 'open as another'
  | 'update the app'
  | 'reuse an id'
  | 'poison'
  | 'foreign key'
  | 'service worker wakes'
  | 'sign out'

/** What happens in a step, by name. */
export const ACTIONS: Readonly<Record<ActionName, Action>> = {
  write: { weight: 40, class: null, isConcurrent: true, run: writeSomewhere },
  sync: {
    weight: 40,
    class: null,
    isConcurrent: true,
    run: async (world) => world.sync(world.chance.pick(world.devices)),
  },
  'time passes': { weight: 4, class: null, isConcurrent: true, run: passTime },
  'open or close a tab': { weight: 4, class: 'at once', isConcurrent: false, run: openOrClose },
  'late request': { weight: 5, class: 'late', isConcurrent: true, run: async (world) => world.network.deliverLate() },
  kill: { weight: 6, class: 'kill', isConcurrent: true, run: killSomewhere },
  'power fails': { weight: 4, class: 'power loss', isConcurrent: false, run: failPower },
  'disk is full': { weight: 5, class: 'disk full', isConcurrent: false, run: fillDisk },
  clone: { weight: 2, class: 'clone', isConcurrent: false, run: clone },
  'keep a copy': { weight: 4, class: 'set back', isConcurrent: false, run: keepCopy },
  'set back': { weight: 2, class: 'set back', isConcurrent: false, run: setBack },
  'back up': { weight: 6, class: 'restore', isConcurrent: false, run: backUp },
  restore: { weight: 3, class: 'restore', isConcurrent: true, run: restore },
  'back up durably': { weight: 4, class: 'durable', isConcurrent: false, run: backUpDurably },
  wipe: { weight: 1, class: 'wipe', isConcurrent: true, run: wipe },
  'partner crashes': { weight: 6, class: 'partner crash', isConcurrent: false, run: crash },
  'switch primary': { weight: 4, class: 'standby', isConcurrent: true, run: switchPrimary },
  prune: { weight: 2, class: 'prune', isConcurrent: false, run: prune },
  'a quarter passes': { weight: 2, class: 'prune', isConcurrent: false, run: leap },
  'a year passes': { weight: 1, class: 'eviction', isConcurrent: false, run: leapFar },
  'own write': { weight: 4, class: 'own write', isConcurrent: true, run: ownWrite },
  'change access': { weight: 5, class: 'access', isConcurrent: true, run: changeAccess },
  'other sign-in': { weight: 4, class: 'sign-in', isConcurrent: false, run: signInOther },
  'open as another': { weight: 1, class: 'sign-in', isConcurrent: false, run: openAsOther },
  'update the app': { weight: 3, class: 'schema', isConcurrent: false, run: updateApp },
  'reuse an id': { weight: 4, class: 'id reused', isConcurrent: false, run: reuseId },
  poison: { weight: 1, class: 'poison', isConcurrent: false, run: poison },
  'foreign key': { weight: 4, class: 'foreign key', isConcurrent: false, run: askWithForeignKey },
  'service worker wakes': { weight: 6, class: 'service worker', isConcurrent: true, run: wakeServiceWorker },
  'sign out': { weight: 3, class: 'sign-out', isConcurrent: true, run: signOut },
}

/** How an action is drawn and done. */
export function actionOf(name: ActionName): Action {
  return ACTIONS[name]
}
