// /healthz: the process answers. /readyz: everything it needs answers too.
import { livenessSchema, readinessSchema } from '@waybill/shared/contract/health.ts'
import { within } from '@waybill/shared/within.ts'
import { defineRoute, type Route } from '../route.ts'
import type { ServerDeps } from '../server.ts'

/** Milliseconds that a dependency may take to answer. */
const TIMEOUT = 2_000

export function healthRoutes(deps: ServerDeps): Route[] {
  const { db, source, queue, storage, log, stopping } = deps
  const checks: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
    database: () => db.$queryRaw`SELECT 1`,
    source: () => source.$queryRaw`SELECT 1`,
    queue: () => queue.check(),
    storage: (signal) => storage.check(signal),
  }
  return [
    defineRoute({
      method: 'get',
      path: '/healthz',
      access: 'anybody',
      operationId: 'getLiveness',
      tag: 'System',
      summary: 'Tell whether the process answers',
      answers: { 200: { description: 'It does.', body: livenessSchema } },
      problems: [],
      handle(_request, response) {
        response.json({ status: 'ok' })
      },
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      access: 'anybody',
      operationId: 'getReadiness',
      tag: 'System',
      summary: 'Tell whether everything it needs answers, each by its name',
      answers: {
        200: { description: 'Everything answers.', body: readinessSchema },
        503: { description: 'Something is away, or the process stops.', body: readinessSchema },
      },
      problems: [],
      async handle(_request, response) {
        if (stopping?.aborted) {
          response.status(503).json({ status: 'stopping' })
          return
        }
        const results = await Promise.all(
          Object.entries(checks).map(async ([name, check]) => {
            const signal = AbortSignal.timeout(TIMEOUT)
            try {
              await within(TIMEOUT, check(signal), () => new Error('no answer in time'))
              return [name, 'ok'] as const
            } catch (error) {
              // The reason may name hosts and users: it is for the log, the answer is for anybody.
              log.warn({ dependency: name, error }, 'not ready')
              return [name, 'away'] as const
            }
          }),
        )
        const isReady = results.every(([, state]) => state === 'ok')
        response
          .status(isReady ? 200 : 503)
          .json({ status: isReady ? 'ok' : 'away', dependencies: Object.fromEntries(results) })
      },
    }),
  ]
}
