// Health checks: /healthz for the process, /readyz for the process and its dependencies.
import { livenessSchema, readinessSchema } from '@waybill/shared/contract/health.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'
import type { DependencyCheck } from '../metrics/dependencies.ts'

export function healthRoutes({ isStarting, stopping }: ServerDeps, checkDependencies: DependencyCheck): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/healthz',
      access: 'public',
      operationId: 'getLiveness',
      tag: 'System',
      summary: 'Health check: the process responds',
      responses: { 200: { description: 'The process responds.', body: livenessSchema } },
      problems: [],
      handle(_request, response) {
        response.json({ status: 'ok' })
      },
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      access: 'public',
      operationId: 'getReadiness',
      tag: 'System',
      summary: 'Readiness check: the state of each dependency',
      responses: {
        200: { description: 'All dependencies are available.', body: readinessSchema },
        503: {
          description: 'A dependency is unavailable, or the process is starting or stopping.',
          body: readinessSchema,
        },
      },
      problems: [],
      async handle(_request, response) {
        if (stopping?.aborted) {
          response.status(503).json({ status: 'stopping' })
          return
        }
        const dependencies = await checkDependencies()
        const isAway = Object.values(dependencies).some((state) => state === 'away')
        const status = isAway ? 'away' : isStarting?.() ? 'starting' : 'ok'
        response.status(status === 'ok' ? 200 : 503).json({ status, dependencies })
      },
    }),
  ]
}
