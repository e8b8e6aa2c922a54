// What the process tells Prometheus of itself: CPU, memory, garbage collection, the event loop.
import { collectDefaultMetrics, Registry } from 'prom-client'

/** Once for each process: it watches the event loop for as long as that lives. */
export function describeProcess(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
