// /healthz: the process answers. /readyz: everything it needs answers too.
import { livenessSchema, readinessSchema } from '@waybill/shared/contract/health.ts'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'
import type { DependencyCheck } from '../metrics/dependencies.ts'

export function healthRoutes({ isStarting, stopping }: ServerDeps, checkDependencies: DependencyCheck): Route[] {
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
        503: { description: 'Something is away, or the process starts or stops.', body: readinessSchema },
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
