// The status of the whole system, for operators.
import { z } from 'zod'
import { FORMAT_NAMES, LANES } from '../vocabulary/export.ts'
import { exportErrorSchema, progressSchema } from './exports.ts'
import {
  callerKindSchema,
  callerNameSchema,
  countSchema,
  datasetNameSchema,
  idSchema,
  instantSchema,
} from './fields.ts'

const laneSchema = z
  .object({
    lane: z.enum(LANES),
    queued: countSchema.describe('Waiting exports according to the ledger, which is authoritative.'),
    running: countSchema,
    oldestQueuedAt: instantSchema.nullable().describe('When the oldest waiting export was queued.'),
    jobs: z
      .object({ waiting: countSchema, active: countSchema })
      .nullable()
      .describe('Jobs according to the queue. null: the queue does not respond.'),
  })
  .meta({ id: 'Lane', description: 'Small and large exports run in separate lanes.' })

const waitingSchema = z
  .object({ turn: countSchema, retry: countSchema, storage: countSchema, source: countSchema })
  .meta({ id: 'Waiting', description: 'Queued exports by what they wait for, as `waitingFor` of an export.' })

const workerSchema = z
  .object({
    name: z
      .string()
      .describe('Name in the audit trail.')
      .meta({ examples: ['worker:reports-1:7'] }),
    state: z.enum(['alive', 'silent']).describe('`silent`: no heartbeat for 20 s.'),
    concurrency: z.int().min(1).describe('Number of exports that run at the same time in each lane.'),
    running: countSchema.describe('Number of running exports at the last heartbeat.'),
    unavailable: z
      .array(z.string())
      .describe('What this worker cannot reach: `storage`, `source`, `ledger`. Meanwhile it starts no export.')
      .meta({ examples: [[]] }),
    startedAt: instantSchema,
    seenAt: instantSchema,
  })
  .meta({ id: 'Worker' })

const summary = {
  id: idSchema,
  dataset: datasetNameSchema,
  format: z.enum(FORMAT_NAMES),
  requestedBy: callerNameSchema,
  requestedByKind: callerKindSchema,
}

export const systemSchema = z
  .object({
    dependencies: z.record(z.string(), z.enum(['ok', 'away'])).describe('Status by name.'),
    queue: z.object({ backend: z.enum(['redis', 'postgres']), lanes: z.array(laneSchema), waiting: waitingSchema }),
    running: z
      .array(
        z.object({
          ...summary,
          startedAt: instantSchema.nullable(),
          progress: progressSchema,
          worker: z
            .string()
            .nullable()
            .describe('Name of the worker, as in the audit trail.')
            .meta({ examples: ['worker:reports-1:7'] }),
        }),
      )
      .describe('Oldest first, at most 50.'),
    failures: z
      .array(z.object({ ...summary, finishedAt: instantSchema.nullable(), error: exportErrorSchema }))
      .describe('Newest first, at most 20.'),
    workers: z.array(workerSchema).describe('Oldest first.'),
  })
  .meta({ id: 'System' })
export type System = z.infer<typeof systemSchema>
