// GET /metrics: how the service is doing, for Prometheus.
import { createHash, timingSafeEqual } from 'node:crypto'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import { Registry } from 'prom-client'
import { z } from 'zod'
import type { ServerDeps } from '../deps.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function metricsRoute({ config }: Pick<ServerDeps, 'config'>, read: () => Promise<string>): Route {
  return defineRoute({
    method: 'get',
    path: '/metrics',
    access: 'anybody',
    operationId: 'getMetrics',
    tag: 'System',
    summary: 'Tell how the service is doing, in figures',
    description: 'Open to anybody, or, with the setting `METRICS_TOKEN`, to those who send it as a bearer token.',
    answers: {
      200: {
        description: 'The text format of Prometheus, version 0.0.4.',
        contentType: 'text/plain',
        body: z.string(),
        example: 'waybill_exports{lane="small",status="queued"} 0\n',
      },
    },
    problems: ['UNAUTHENTICATED'],
    async handle(request, response) {
      const token = config.METRICS_TOKEN
      const [, given = ''] = /^bearer +(.+)$/i.exec(request.get('authorization') ?? '') ?? []
      if (token !== undefined && !isSame(given, token)) {
        throw new WaybillError('UNAUTHENTICATED', 'Figures are for those who know METRICS_TOKEN')
      }
      response.set('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).send(await read())
    },
  })
}

/** In the same time, whatever is the same of them. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
