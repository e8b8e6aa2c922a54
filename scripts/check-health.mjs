// The health check of the image: exit code 0 when the process of this container answers on its port.
//
//   node scripts/check-health.mjs [PATH]     default /healthz; /readyz also waits for the dependencies
const TIMEOUT_MS = 3_000

const { PORT = '', WORKER_PORT = '', HOST = '' } = process.env
const [path = '/healthz'] = process.argv.slice(2)
const host = ['', '0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST.includes(':') ? `[${HOST}]` : HOST
// A container runs an API or a worker, and the image sets both ports.
const ports = [PORT || '8080', WORKER_PORT].filter((port) => port !== '')

const isHealthy = await Promise.any(
  ports.map(async (port) => {
    const { ok } = await fetch(`http://${host}:${port}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return ok
  }),
).catch(() => false)
process.exit(isHealthy ? 0 : 1)
