import type { PlantedBug } from './planted-bug.ts'

const APPLY = 'web-sync-protocol/src/partner/apply-op.ts'
const SOURCE = 'decision 0019: who wrote last says nothing of what its author saw'

/** Bugs by which an accepted edit is taken away unseen. */
export const SEEN_BUGS: readonly PlantedBug[] = [
  {
    name: 'last-writer-has-seen-all',
    invariant: 'S25',
    claims: [12],
    needs: ['an edit that is merged into what its author had not seen', 'a deletion or a put on its result'],
    source: SOURCE,
    patches: [
      {
        file: APPLY,
        find: '(unseen === null || unseen === base)',
        replace: '(unseen === null || unseen.length > 0)',
      },
    ],
  },
  {
    name: 'merged-result-counts-as-seen',
    invariant: 'S25',
    claims: [12],
    needs: ['an edit that is merged into what its author had not seen', 'a deletion or a put on its result'],
    source: SOURCE,
    patches: [
      {
        file: APPLY,
        find: '  if (isAllSeen) return null\n',
        replace: '  if (isAllSeen || current.version.length > 0) return null\n',
      },
    ],
  },
  {
    name: 'conflict-function-passed-over',
    invariant: 'S25',
    claims: [12],
    needs: ['a collection with a conflict function', 'a put of a whole record on an old version'],
    source: 'protocol.md section 7: changed, function: its result',
    patches: [
      {
        file: APPLY,
        find: '  const proposed = applyToCurrent(op, current.value, true)\n',
        replace: "  const proposed = applyToCurrent(op, current.value, true)\n  if (op.op === 'put') return proposed\n",
      },
    ],
  },
  {
    name: 'partner-wins-loses-to-a-deletion',
    invariant: 'S25',
    claims: [12],
    needs: ['a collection where the partner wins', 'a deletion of a record that has changed'],
    source: 'protocol.md section 7: edits win over a delete that did not know of them',
    patches: [
      {
        file: APPLY,
        find: "  if (policy === 'partnerWins') return conflict(",
        replace: "  if (policy === 'partnerWins' && op.op !== 'delete') return conflict(",
      },
      {
        file: APPLY,
        find: "if (policy === 'initiatorWins') return",
        replace: "if (policy === 'initiatorWins' || policy === 'partnerWins') return",
      },
    ],
  },
]
