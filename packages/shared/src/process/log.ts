// Creates the logger, which writes JSON lines with secrets and signed URLs redacted.
import { type Logger, pino } from 'pino'
import { describeError, redact } from './redaction.ts'

export type { Logger }

/** @param name the process: `api`, `worker`, `standalone` */
export function createLogger(name: string, level: string): Logger {
  const error = (value: unknown) => describeError(value)
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
    serializers: { err: error, error },
    hooks: { streamWrite: redact },
  })
}
