import type { ListedWrite, RefusedEntry, SalvageEntry, SpaceStatus, SyncInspection } from 'web-sync'
import type { Person } from '../people.ts'
import type { Note, Place, Visit } from '../schema.ts'
import type { ServerView, TroubleReport } from '../data/server-types.ts'

/** The pages of the app: all of them on a phone, two or three beside each other on wider screens. */
export type View = 'places' | 'notes' | 'attention' | 'hood' | 'trouble'

/** Those that stand in the right-hand column of a wide screen. */
type SideView = 'attention' | 'hood' | 'trouble'

/** Something that can be taken back. */
export interface Undo {
  readonly label: string
  readonly undo: () => Promise<void>
}

/** All that the views draw from. */
export interface AppState {
  readonly view: View
  readonly side: SideView
  /** `unknown` until the server or the memory of the device has said who it is. */
  readonly person: Person | null | 'unknown'
  readonly hasTrouble: boolean
  readonly search: string
  readonly sort: 'population' | 'name'
  readonly places: readonly Place[]
  readonly isPlacesPartial: boolean
  readonly selected: Place | null
  readonly notes: readonly Note[]
  readonly visits: readonly Visit[]
  /** The team's latest notes. */
  readonly recent: readonly Note[]
  readonly team: SpaceStatus | null
  readonly placesStatus: SpaceStatus | null
  readonly writes: readonly ListedWrite[]
  readonly refused: readonly RefusedEntry[]
  readonly salvage: readonly SalvageEntry[]
  readonly draft: string
  readonly editing: { readonly id: string; readonly text: string } | null
  /** A refused write whose text is being changed. */
  readonly mending: { readonly mutationId: string; readonly text: string } | null
  readonly undos: readonly Undo[]
  readonly toast: { readonly text: string; readonly canUndo: boolean; readonly tone: 'plain' | 'bad' } | null
  readonly inspection: SyncInspection | null
  readonly server: ServerView | null
  readonly trouble: TroubleReport | null
  /** What the last trouble did: shown at its button. */
  readonly troubleNote: { readonly id: string; readonly text: string } | null
  readonly isUpdateReady: boolean
  /** The person is asked what is to become of the data on this device. */
  readonly isSigningOut: boolean
}

/** The state before anything is known. */
export const INITIAL_STATE: AppState = {
  view: 'places',
  side: 'attention',
  person: 'unknown',
  hasTrouble: false,
  search: '',
  sort: 'population',
  places: [],
  isPlacesPartial: true,
  selected: null,
  notes: [],
  visits: [],
  recent: [],
  team: null,
  placesStatus: null,
  writes: [],
  refused: [],
  salvage: [],
  draft: '',
  editing: null,
  mending: null,
  undos: [],
  toast: null,
  inspection: null,
  server: null,
  trouble: null,
  troubleNote: null,
  isUpdateReady: false,
  isSigningOut: false,
}

/** Holds the state and tells when it changed. */
export interface Store {
  readonly get: () => AppState
  readonly set: (change: Partial<AppState>) => void
}

/** A store that calls `onChange` once for all changes of a frame, and soon also while the page is hidden and has no frames. */
export function createStore(initial: AppState, onChange: (state: AppState) => void): Store {
  let state = initial
  let isScheduled = false
  const announce = (): void => {
    if (!isScheduled) return
    isScheduled = false
    onChange(state)
  }
  // A page that is hidden between the call and the frame would wait for that frame until it is shown again.
  document.addEventListener('visibilitychange', announce)
  return {
    get: () => state,
    set: (change) => {
      state = { ...state, ...change }
      if (isScheduled) return
      isScheduled = true
      if (document.visibilityState === 'visible') requestAnimationFrame(announce)
      else setTimeout(announce, 100)
    },
  }
}
