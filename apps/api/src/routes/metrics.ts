// GET /metrics: metrics for Prometheus.
import { createHash, timingSafeEqual } from 'node:crypto'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import type { Request, Response } from 'express'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { type Authenticator, bearerToken } from '../auth/authenticate.ts'
import type { ServerDeps } from '../deps.ts'
import { isLoopback } from '../http/network.ts'
import { defineRoute, type Route } from '../http/route.ts'

export function metricsRoute(
  { config }: Pick<ServerDeps, 'config'>,
  read: () => Promise<string>,
  authenticator: Authenticator,
): Route {
  const { METRICS_TOKEN: token, HOST } = config
  /** @throws WaybillError UNAUTHENTICATED, FORBIDDEN, and those of the authenticator */
  const requireReader = async (request: Request, response: Response): Promise<void> => {
    if (token !== undefined) {
      if (isSame(bearerToken(request) ?? '', token)) return
      throw new WaybillError('UNAUTHENTICATED', 'The metrics need the value of METRICS_TOKEN as a bearer token.')
    }
    if (isLoopback(HOST)) return
    const { role } = await authenticator(request, response)
    if (role !== 'admin') throw new WaybillError('FORBIDDEN')
  }
  return defineRoute({
    method: 'get',
    path: '/metrics',
    access: 'public',
    operationId: 'getMetrics',
    tag: 'System',
    summary: 'Prometheus metrics',
    description:
      'With the setting `METRICS_TOKEN`, its value must be sent as a bearer token. Without it, the metrics need the token of an administrator, unless the API only listens on a loopback address (`HOST`).',
    responses: {
      200: {
        description: 'The text format of Prometheus, version 0.0.4.',
        contentType: 'text/plain',
        body: z.string(),
        example: 'waybill_exports{lane="small",status="queued"} 0\n',
      },
    },
    problems: ['UNAUTHENTICATED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE', 'IDENTITY_PROVIDER_UNAVAILABLE'],
    async handle(request, response) {
      await requireReader(request, response)
      response.set('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE).send(await read())
    },
  })
}

/** Takes the same time for all inputs, so that the time does not reveal how much of the token is right. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
