// Assembles the HTTP application from routes and middleware. Performs no I/O.
import { randomUUID } from 'node:crypto'
import type { Datasets } from '@waybill/shared/datasets/registry.ts'
import type { Logger } from '@waybill/shared/process/log.ts'
import { WaybillError } from '@waybill/shared/vocabulary/errors.ts'
import express, { type Express, type RequestHandler } from 'express'
import { authenticate, createAuthenticator } from './auth/authenticate.ts'
import { createRefusalRecorder, recordRefusals } from './auth/refusals.ts'
import type { ServerDeps } from './deps.ts'
import { adminPage } from './http/admin-page.ts'
import { crossOrigin, secureHeaders } from './http/headers.ts'
import { limitAddresses, limitCallers, limitPublicPaths } from './http/limits.ts'
import { warnOfProxy } from './http/network.ts'
import { createErrorHandler } from './http/problem.ts'
import type { Route } from './http/route.ts'
import { mountRoutes } from './http/router.ts'
import { limitTrailWrites } from './http/trail-budget.ts'
import { createDependencyCheck } from './metrics/dependencies.ts'
import { createMetrics, measureRequests } from './metrics/metrics.ts'
import { createMetricsReader } from './metrics/reading.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { auditRoute } from './routes/audit.ts'
import { authConfigRoute } from './routes/auth-config.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { documentRoutes } from './routes/document.ts'
import { createExportRoute } from './routes/exports/create.ts'
import { exportRoutes } from './routes/exports/exports.ts'
import { exportFileRoutes } from './routes/exports/file.ts'
import { historyRoute } from './routes/exports/history.ts'
import { previewRoute } from './routes/exports/preview.ts'
import { healthRoutes } from './routes/health.ts'
import { meRoute } from './routes/me.ts'
import { metricsRoute } from './routes/metrics.ts'
import { systemRoute } from './routes/system.ts'
import { webhookDeliveryRoutes } from './routes/webhooks/deliveries.ts'
import { webhookEndpointRoutes } from './routes/webhooks/endpoints.ts'
import { webhookSecretRoutes } from './routes/webhooks/secret.ts'

/** All routes. The fixed names under /v1/exports come before `:id`. */
export function createRoutes(
  deps: ServerDeps,
  metrics = createMetrics(deps.datasets.keys()),
  authenticator = createAuthenticator(deps),
): readonly Route[] {
  const checkDependencies = createDependencyCheck(deps)
  const routes = [
    historyRoute(deps),
    previewRoute(deps),
    createExportRoute(deps),
    ...exportRoutes(deps),
    ...exportFileRoutes(deps),
    ...datasetRoutes(deps),
    ...apiKeyRoutes(deps),
    auditRoute(deps),
    meRoute(deps),
    systemRoute(deps, checkDependencies),
    ...webhookSecretRoutes(deps),
    ...webhookEndpointRoutes(deps),
    ...webhookDeliveryRoutes(deps),
    ...healthRoutes(deps, checkDependencies),
    metricsRoute(deps, createMetricsReader(deps, metrics, checkDependencies), authenticator),
    authConfigRoute(deps),
  ]
  const describeRoutes = (datasets: Datasets) => createRoutes({ ...deps, datasets }, metrics, authenticator)
  return [...routes, ...documentRoutes(deps, describeRoutes, authenticator)]
}

const needsToken = ({ access }: Route) => access === 'caller' || access === 'admin'

export function createServer(deps: ServerDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  // Express would add an ETag to each response, even with `no-store`. Routes that are polled set their own.
  app.disable('etag')
  app.set('trust proxy', deps.config.TRUST_PROXY ?? false)
  const metrics = createMetrics(deps.datasets.keys(), deps.registry)
  app.use(identifyAndLog(deps.log), measureRequests(metrics), secureHeaders())
  const crossOriginCalls = crossOrigin(deps.config)
  if (crossOriginCalls !== undefined) app.use(crossOriginCalls)
  const authenticator = createAuthenticator(deps)
  const routes = createRoutes(deps, metrics, authenticator)
  app.use(limitPublicPaths(deps))
  mountRoutes(
    app,
    routes.filter((route) => !needsToken(route)),
  )
  const page = adminPage(deps.config)
  app.use(page.router)
  const addresses = limitAddresses(deps)
  // Valid requests are counted after authentication, so that invalid ones of the same address cannot use up its quota.
  app.use('/v1', warnOfProxy(deps), addresses.refuse)
  app.use('/v1', authenticate(authenticator), addresses.count, limitCallers(deps), limitTrailWrites(deps))
  mountRoutes(app, routes.filter(needsToken))
  app.use(page.notFound)
  app.use(() => {
    throw new WaybillError('NOT_FOUND')
  })
  app.use(recordRefusals(deps, deps.refusals ?? createRefusalRecorder(deps)))
  app.use(createErrorHandler(deps.log))
  return app
}

function identifyAndLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    response.locals.requestId = requestId
    response.set({ 'X-Request-Id': requestId, 'Cache-Control': 'no-store' })
    response.on('finish', () => {
      const milliseconds = Math.round(performance.now() - startedAt)
      log.debug(
        { requestId, method: request.method, path: request.path, status: response.statusCode, milliseconds },
        'request',
      )
    })
    next()
  }
}
