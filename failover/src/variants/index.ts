import type { Round } from '../round.ts'
import { backup } from './backup.ts'
import { firstSync } from './first-sync.ts'
import { oldPrimary } from './old-primary.ts'
import { standby } from './standby.ts'

/** What happens in a round, from its first write to the moment in which everybody is to come to rest. */
export type Variant = (round: Round) => Promise<void>

/** All of them, by name; rounds take turns. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  standby,
  backup,
  'first-sync': firstSync,
  'old-primary': oldPrimary,
}
