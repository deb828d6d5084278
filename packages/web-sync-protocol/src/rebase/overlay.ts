import { fitOp, fitRecord } from '../growth.ts'
import type { JsonObject } from '../json.ts'
import { applyPatch } from '../patch.ts'
import type { Growth } from '../schema.ts'
import type { Op } from '../wire/mutation.ts'

/** What pending operations make of a record: null is «no record». */
export type View = JsonObject | null

/**
 * Rebase of one record: its pending operations, oldest first, over what the partner confirmed. Pure, so the overlay can be computed
 * anew whenever base or outbox change. The device shows its own intention; whether it holds is the partner's to say:
 * a patch on a record that is gone shows nothing (it will be refused), an insert on one that exists shows the insert.
 */
export function rebaseRecord(base: View, pendingOps: readonly Op[], growth?: Growth): View {
  let view = base
  for (const op of pendingOps) view = applyLocally(view, op, growth)
  return view
}

/** One operation on the record as it is seen. */
export function applyLocally(view: View, pending: Op, growth?: Growth): View {
  const op = fitOp(growth, pending)
  switch (op.op) {
    case 'insert':
    case 'put':
      return op.value
    case 'patch':
      return view === null ? null : fitRecord(growth, applyPatch(view, op))
    case 'delete':
      return null
  }
}
