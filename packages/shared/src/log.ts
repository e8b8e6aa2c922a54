// The one logger: JSON lines with secrets and signed URLs blotted out.
import { type Logger, pino } from 'pino'

export type { Logger }

/** @param name which process speaks: `api`, `worker`, `standalone` */
export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        '*.authorization',
        '*.secretAccessKey',
        '*.connectionString',
        'url',
        '*.url',
      ],
      censor: '[redacted]',
    },
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
  })
}
