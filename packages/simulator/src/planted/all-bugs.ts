import { CLIENT_BUGS } from './client-bugs.ts'
import { KIND_BUGS } from './kind-bugs.ts'
import { PAIRED_BUGS } from './paired-bugs.ts'
import { PARTNER_BUGS } from './partner-bugs.ts'
import type { PlantedBug } from './planted-bug.ts'
import { SEEN_BUGS } from './seen-bugs.ts'

/** All bugs. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...CLIENT_BUGS,
  ...PARTNER_BUGS,
  ...PAIRED_BUGS,
  ...SEEN_BUGS,
  ...KIND_BUGS,
]
