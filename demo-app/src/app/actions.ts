import type { UnsentChoice } from 'web-sync'
import type { Note, Place, Visit } from '../schema.ts'
import type { View } from './state.ts'

/** What a person can do: the views call these and know nothing else of the program. */
export interface Actions {
  readonly show: (view: View) => void
  readonly signIn: (account: string) => void
  /** Asks what is to become of the data on this device; false: not now. */
  readonly askToSignOut: (isAsked: boolean) => void
  readonly signOut: (unsent: UnsentChoice) => void
  readonly search: (text: string) => void
  readonly sortBy: (sort: 'population' | 'name') => void
  readonly choose: (place: Place) => void
  readonly choosePlaceId: (placeId: string) => void
  readonly leavePlace: () => void
  readonly type: (draft: string) => void
  readonly addNote: () => void
  readonly addVisit: () => void
  readonly deleteNote: (note: Note) => void
  readonly deleteVisit: (visit: Visit) => void
  readonly startEdit: (note: Note) => void
  readonly typeEdit: (text: string) => void
  readonly saveEdit: () => void
  readonly cancelEdit: () => void
  readonly undo: () => void
  readonly closeToast: () => void
  readonly retryRefused: (mutationId: string) => void
  readonly startMending: (mutationId: string, text: string) => void
  readonly typeMending: (text: string) => void
  readonly saveMending: () => void
  readonly cancelMending: () => void
  readonly discardRefused: (mutationId: string) => void
  readonly restoreSalvage: (choice: 'all' | { readonly collection: string; readonly id: string }) => void
  readonly discardSalvage: (choice: 'all' | { readonly collection: string; readonly id: string }) => void
  readonly syncNow: () => void
  readonly reload: () => void
  readonly trouble: TroubleActions
}

/** What the panel «Make trouble» can do. */
export interface TroubleActions {
  readonly cut: (isCut: boolean) => void
  readonly dropReplies: (count: number) => void
  readonly answer: (status: 401 | 500 | 503 | null, times: number) => void
  readonly restore: (ago: number) => void
  readonly wipe: () => void
  readonly confirmBackup: () => void
  readonly expireSession: () => void
  readonly revoke: (isRevoked: boolean) => void
  readonly scribble: (count: number) => void
  readonly clone: () => void
  readonly fillQuota: () => void
  readonly releaseQuota: () => void
  readonly killWorker: () => void
}
