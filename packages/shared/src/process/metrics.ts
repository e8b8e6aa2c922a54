// Metrics of the process: CPU, memory, garbage collection and event loop.
import { collectDefaultMetrics, Registry } from 'prom-client'

/** Call once per process: it observes the event loop until the process ends. */
export function describeProcess(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
