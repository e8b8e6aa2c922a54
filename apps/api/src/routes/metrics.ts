// GET /metrics: metrics for Prometheus.
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
    access: 'public',
    operationId: 'getMetrics',
    tag: 'System',
    summary: 'Prometheus metrics',
    description: 'Public, unless the setting `METRICS_TOKEN` is set: then it must be sent as a bearer token.',
    responses: {
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
        throw new WaybillError('UNAUTHENTICATED', 'The metrics need the value of METRICS_TOKEN as a bearer token.')
      }
      response.set('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).send(await read())
    },
  })
}

/** Takes the same time for all inputs, so that the time does not reveal how much of the token is right. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
