import type { SchemaShape } from 'web-sync-protocol'
import type { Query, QueryExplanation } from '../contract/index.ts'
import type { Conditions } from './query-match.ts'
import { planQuery } from './query-plan.ts'

/** Says how a query is answered. Errors as {@link planQuery}. */
export function explainQuery(shape: SchemaShape, query: Query): QueryExplanation {
  const plan = planQuery(shape, query)
  const { index, direction, isSorted, residual, ranges } = plan
  const narrowing = plan.where.filter((condition) => !residual.includes(condition))
  const order = [...plan.order, 'id']
  const limit = plan.limit === Number.POSITIVE_INFINITY ? null : plan.limit
  const text = [
    `reads ${index === null ? 'by id' : `index '${index}'`}`,
    narrowing.length === 0 ? 'everything' : `${ranges.length} range(s) of ${toText(narrowing)}`,
    residual.length === 0 ? '' : `tests ${toText(residual)}`,
    `${isSorted ? 'sorts all by' : 'streams in the order of'} ${order.join(', ')} ${direction}`,
    plan.after === null ? '' : 'behind a cursor',
    limit === null ? '' : `stops at ${limit}`,
  ]
  return {
    text: text.filter((part) => part !== '').join('; '),
    index,
    ranges: ranges.length,
    narrowing: Object.fromEntries(narrowing),
    residual: Object.fromEntries(residual),
    order,
    direction,
    isSorted,
    limit,
  }
}

function toText(conditions: Conditions): string {
  return conditions.map(([field, condition]) => `${field} ${JSON.stringify(condition)}`).join(', ')
}
