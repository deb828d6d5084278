/** The door of metrics and logs. */
export { createJsonLog, type ErrorFacts, errorFacts, type JsonLogOptions } from './create-json-log.ts'
export { createMetrics, type MeasuredStatus, type Metrics } from './create-metrics.ts'
