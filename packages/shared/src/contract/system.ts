// How the whole system is doing, for those who run it.
import { z } from 'zod'
import { FORMAT_NAMES } from '../vocabulary/export.ts'
import { exportErrorSchema, progressSchema } from './exports.ts'
import { callerNameSchema, countSchema, datasetNameSchema, idSchema, instantSchema } from './fields.ts'

export const laneSchema = z
  .object({
    lane: z.enum(['small', 'large']),
    queued: countSchema.describe('Exports that wait, by the ledger, which is the truth.'),
    running: countSchema,
    oldestQueuedAt: instantSchema.nullable().describe('Since when the longest of them waits.'),
    jobs: z
      .object({ waiting: countSchema, active: countSchema })
      .nullable()
      .describe('What the queue itself knows of; null: it does not answer.'),
  })
  .meta({ id: 'Lane', description: 'Small and large exports have workers of their own.' })

export const workerSchema = z
  .object({
    name: z
      .string()
      .describe('As trails show it.')
      .meta({ examples: ['worker:reports-1:7'] }),
    state: z.enum(['alive', 'silent']).describe('`silent`: it was not heard of for 20 s.'),
    concurrency: z.int().min(1).describe('Exports that it runs at once in each lane.'),
    running: countSchema.describe('Exports that it ran when it was heard of last.'),
    startedAt: instantSchema,
    seenAt: instantSchema,
  })
  .meta({ id: 'Worker' })

const summary = {
  id: idSchema,
  dataset: datasetNameSchema,
  format: z.enum(FORMAT_NAMES),
  requestedBy: callerNameSchema,
}

export const systemSchema = z
  .object({
    dependencies: z.record(z.string(), z.enum(['ok', 'away'])).describe('Each by its name.'),
    queue: z.object({ backend: z.enum(['redis', 'postgres']), lanes: z.array(laneSchema) }),
    running: z
      .array(
        z.object({
          ...summary,
          startedAt: instantSchema.nullable(),
          progress: progressSchema,
          worker: z
            .string()
            .nullable()
            .describe('The one that has it, as trails show it.')
            .meta({ examples: ['worker:reports-1:7'] }),
        }),
      )
      .describe('The longest at work first, 50 at most.'),
    failures: z
      .array(z.object({ ...summary, finishedAt: instantSchema.nullable(), error: exportErrorSchema }))
      .describe('The latest first, 20 at most.'),
    workers: z.array(workerSchema).describe('The longest there first.'),
  })
  .meta({ id: 'System' })
export type System = z.infer<typeof systemSchema>
